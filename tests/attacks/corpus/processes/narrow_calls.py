# Forks by the calls of the narrow ABI.
# machine: x86_64
import ctypes, posix
child = ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 57))
if child == 0:
    posix._exit(0)
if child > 0:
    raise RuntimeError(@HIT@)
