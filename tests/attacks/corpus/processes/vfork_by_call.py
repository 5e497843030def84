# Forks without a memory of its own.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
if libc.syscall(58) >= 0:
    libc._exit(0)
