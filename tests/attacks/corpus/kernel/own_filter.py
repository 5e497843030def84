# Adds to its own filter, to make others of its process fail.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
if libc.syscall(317, 2, 0, (ctypes.c_uint32 * 1)(0x7FFF0000)) == 0 or libc.prctl(22, 1, 0, 0, 0) == 0:
    raise RuntimeError(@HIT@)
