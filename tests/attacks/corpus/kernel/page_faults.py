# Handles its page faults itself, which helps against the kernel.
# machine: x86_64
import ctypes
if ctypes.CDLL(None).syscall(323, 0) >= 0:
    raise RuntimeError(@HIT@)
