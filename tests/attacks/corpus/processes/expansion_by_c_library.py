# Has the C library expand a word, for which it runs a command.
# control
import ctypes
ctypes.CDLL(None).wordexp(b"$(touch @CANARY@/made)", (ctypes.c_size_t * 8)(), 0)
