# Compares what two processes have open.
# machine: x86_64
import ctypes
if ctypes.CDLL(None).syscall(312, @PID@, @VICTIM@, 0, 0, 0) >= 0:
    raise RuntimeError(@HIT@)
