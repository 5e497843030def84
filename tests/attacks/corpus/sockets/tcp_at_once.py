# Sends with the first packet, without connecting.
import _socket
_socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).sendto(b"x", 0x20000000, ("127.0.0.1", @PORT@))
