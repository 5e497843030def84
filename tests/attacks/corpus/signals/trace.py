# Traces another process.
# machine: x86_64
# control
import ctypes, time
libc = ctypes.CDLL(None)
if libc.syscall(101, 0x4206, @VICTIM@, 0, 0) == 0:
    raise RuntimeError(@HIT@)
