# Moves into namespaces of its own.
# control
import ctypes
libc = ctypes.CDLL(None)
for flag in (0x10000000, 0x00020000, 0x04000000, 0x08000000, 0x20000000, 0x40000000, 0x02000000, 0x80, 0x400):
    if libc.unshare(flag) == 0:
        raise RuntimeError(@HIT@, flag)
