# Waits for connections from others.
# control
import _socket
listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
listener.bind(("127.0.0.1", 0))
listener.listen()
raise RuntimeError(@HIT@)
