# Connects by UDP, which asks the system for a route.
import _socket
_socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM).connect(("127.0.0.1", @PORT@))
raise RuntimeError(@HIT@)
