# Makes memory that the kernel cannot read.
# machine: x86_64
import ctypes
if ctypes.CDLL(None).syscall(447, 0) >= 0:
    raise RuntimeError(@HIT@)
