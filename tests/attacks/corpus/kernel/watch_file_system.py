# Watches all files of the machine.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
if libc.syscall(300, 0, 0) >= 0:
    raise RuntimeError(@HIT@)
