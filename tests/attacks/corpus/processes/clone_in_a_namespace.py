# Clones itself as the root of a namespace.
# machine: x86_64
import ctypes, posix
child = ctypes.CDLL(None).syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
if child == 0:
    posix._exit(0)
if child > 0:
    raise RuntimeError(@HIT@)
