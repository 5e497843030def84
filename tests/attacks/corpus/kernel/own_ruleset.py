# Adds a rule to the list of what it may read.
# machine: x86_64
import ctypes, posix, struct
libc = ctypes.CDLL(None)
folder = posix.open("/", 0o10000000)
for descriptor in range(64):
    if libc.syscall(445, descriptor, 1, struct.pack("=Qi", 4, folder), 0) == 0:
        raise RuntimeError(@HIT@)
