# Takes away that addresses are random.
# machine: x86_64
# control
import ctypes
if ctypes.CDLL(None).syscall(135, 0x0040000) >= 0:
    raise RuntimeError(@HIT@)
