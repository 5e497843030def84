# Connects to a socket in a folder.
# control
import _socket
_socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM).connect("@SOCKET@")
