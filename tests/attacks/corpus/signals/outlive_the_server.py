# Takes back that it dies with the process that has forked it.
# control
import ctypes
if ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) == 0:
    raise RuntimeError(@HIT@)
