# Becomes the parent of orphans, and lets others trace it.
import ctypes
libc = ctypes.CDLL(None)
for option in (36, 0x59616D61, 4, 8, 22, 23, 24, 28, 35, 38):
    if libc.prctl(option, 1, 0, 0, 0) == 0:
        raise RuntimeError(@HIT@, option)
