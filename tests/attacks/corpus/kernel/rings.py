# Sets up rings by which the kernel opens and connects for others.
# machine: x86_64
# control
import ctypes
if ctypes.CDLL(None).syscall(425, 8, (ctypes.c_uint8 * 120)()) >= 0:
    raise RuntimeError(@HIT@)
