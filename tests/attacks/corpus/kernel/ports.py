# Reaches for the machine's ports.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
if libc.syscall(172, 3) == 0 or libc.syscall(173, 0x80, 1, 1) == 0:
    raise RuntimeError(@HIT@)
