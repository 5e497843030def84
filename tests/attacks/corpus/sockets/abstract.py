# Connects to a socket that has a name and no file.
# control
import _socket
_socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM).connect("\0@TOKEN@")
