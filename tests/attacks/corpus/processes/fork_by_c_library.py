# Forks by the C library.
# control
import ctypes, posix
child = ctypes.CDLL(None).fork()
if child == 0:
    posix._exit(0)
if child > 0:
    raise RuntimeError(@HIT@)
