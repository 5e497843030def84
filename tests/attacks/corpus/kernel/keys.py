# Puts a key into the kernel's ring of its user.
# machine: x86_64
# control
import ctypes
if ctypes.CDLL(None).syscall(248, b"user", b"@TOKEN@", b"x", 1, -2) >= 0:
    raise RuntimeError(@HIT@)
