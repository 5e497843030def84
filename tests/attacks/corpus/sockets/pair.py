# Makes a pair of sockets.
import _socket
_socket.socketpair()
raise RuntimeError(@HIT@)
