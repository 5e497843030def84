# Clones itself as a process.
# machine: x86_64
import ctypes, posix
child = ctypes.CDLL(None).syscall(56, 17, 0, 0, 0, 0)
if child == 0:
    posix._exit(0)
if child > 0:
    raise RuntimeError(@HIT@)
