# Has a timer send a signal.
# machine: x86_64
import ctypes
event = (ctypes.c_int * 16)(0, 0, 9, 4, @VICTIM@)
timer = ctypes.c_int()
if ctypes.CDLL(None).syscall(222, 1, event, ctypes.byref(timer)) >= 0:
    raise RuntimeError(@HIT@)
