# Forks by the system call.
# machine: x86_64
import ctypes, posix
child = ctypes.CDLL(None).syscall(57)
if child == 0:
    posix._exit(0)
if child > 0:
    raise RuntimeError(@HIT@)
