# Leaves a semaphore with a name behind.
# control
import ctypes
ctypes.CDLL(None).sem_open(b"/@TOKEN@", 0o100, 0o600, 1)
