# Looks a name up, which sends it to others.
import _socket
for name in ("stolen.example.com", "localhost"):
    try:
        _socket.getaddrinfo(name, 80)
    except OSError:
        continue
    raise RuntimeError(@HIT@, name)
