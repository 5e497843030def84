# Moves the memory of another process.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
if libc.syscall(256, @VICTIM@, 8, (ctypes.c_uint64 * 1)(1), (ctypes.c_uint64 * 1)(1)) >= 0:
    raise RuntimeError(@HIT@)
