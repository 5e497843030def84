# Sends a signal to a thread of another process.
# machine: x86_64
# control
import ctypes
libc = ctypes.CDLL(None)
libc.syscall(234, @VICTIM@, @VICTIM@, 9)
