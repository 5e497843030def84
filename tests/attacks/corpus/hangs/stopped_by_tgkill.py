# Stops itself by its thread.
# machine: x86_64
import ctypes, posix, threading
ctypes.CDLL(None).syscall(234, posix.getpid(), threading.get_native_id(), 19)
