# Makes a socket that reads every packet.
import _socket
for family, kind, protocol in ((_socket.AF_INET, _socket.SOCK_RAW, 1), (_socket.AF_PACKET, _socket.SOCK_RAW, 768)):
    try:
        _socket.socket(family, kind, protocol)
    except OSError:
        continue
    raise RuntimeError(@HIT@)
