# Watches the machine by its performance counters.
# machine: x86_64
import ctypes
attributes = (ctypes.c_uint8 * 128)(1, 0, 0, 0, 128)
if ctypes.CDLL(None).syscall(298, attributes, 0, -1, -1, 0) >= 0:
    raise RuntimeError(@HIT@)
