# Kills any process, by the C library.
import ctypes
ctypes.CDLL(None).kill(@VICTIM@, 9)
