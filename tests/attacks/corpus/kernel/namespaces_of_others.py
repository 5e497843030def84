# Moves into the namespaces of another process.
# machine: x86_64
import ctypes, posix
libc = ctypes.CDLL(None)
for descriptor in (libc.syscall(434, @PID@, 0), *range(3, 10)):
    if libc.setns(descriptor, 0) == 0 or libc.setns(descriptor, 0x20000) == 0:
        raise RuntimeError(@HIT@)
