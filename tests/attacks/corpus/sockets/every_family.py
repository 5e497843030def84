# Makes a socket of any family.
import _socket
for family in range(46):
    for kind in (1, 2, 3, 5):
        try:
            _socket.socket(family, kind, 0)
        except OSError:
            continue
        raise RuntimeError(@HIT@, family, kind)
