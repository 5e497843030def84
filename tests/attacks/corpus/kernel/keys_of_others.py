# Joins the ring of keys of a session.
# machine: x86_64
import ctypes
if ctypes.CDLL(None).syscall(250, 0, -3, 0) >= 0 or ctypes.CDLL(None).syscall(250, 1, None) >= 0:
    raise RuntimeError(@HIT@)
