# Leaves a program behind, by the C library.
import ctypes
ctypes.CDLL(None).system(b"sleep 60 > /dev/null 2>&1 &")
