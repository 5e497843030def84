# Makes a file by the C library.
# control
import ctypes
ctypes.CDLL(None).fopen(b"@CANARY@/made.txt", b"w")
