# Has a shell run a command, by the C library.
# control
import ctypes
ctypes.CDLL(None).system(b"touch @CANARY@/made")
