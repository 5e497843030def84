# Makes a socket of the newer Internet protocol.
import _socket
_socket.socket(_socket.AF_INET6, _socket.SOCK_DGRAM)
raise RuntimeError(@HIT@)
