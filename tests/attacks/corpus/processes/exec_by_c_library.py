# Becomes another program by the C library.
import ctypes
arguments = (ctypes.c_char_p * 4)(b"sh", b"-c", b": > @CANARY@/made", None)
ctypes.CDLL(None).execv(b"/bin/sh", arguments)
