# Queues a signal with a value.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
libc.sigqueue(@VICTIM@, 9, 0)
libc.syscall(297, @VICTIM@, @VICTIM@, 9, (ctypes.c_int * 32)(9, 0, -1))
