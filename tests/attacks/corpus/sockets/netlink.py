# Asks the kernel about the network.
# control
import _socket
_socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, 0).bind((0, 0))
raise RuntimeError(@HIT@)
