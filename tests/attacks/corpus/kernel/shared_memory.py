# Leaves shared memory behind.
# control
import ctypes
libc = ctypes.CDLL(None)
libc.shmget(@KEY@, 4096, 0o1600)
