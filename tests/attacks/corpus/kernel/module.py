# Loads a module into the kernel.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
for descriptor in (0, -1):
    libc.syscall(313, descriptor, b"", 0)
    if ctypes.get_errno():
        raise RuntimeError(@HIT@)
