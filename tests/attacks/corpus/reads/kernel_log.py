# Reads the kernel's log by a system call.
# machine: x86_64
import ctypes
if ctypes.CDLL(None).syscall(103, 10, None, 0) >= 0:
    raise RuntimeError(@HIT@)
