# Loads a program into the kernel.
# machine: x86_64
import ctypes
attributes = (ctypes.c_uint32 * 32)(1, 4, 4, 1)
if ctypes.CDLL(None).syscall(321, 0, attributes, 72) >= 0:
    raise RuntimeError(@HIT@)
