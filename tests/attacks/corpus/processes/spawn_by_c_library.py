# Spawns a program by the C library.
# control
import ctypes, posix
child = ctypes.c_int()
arguments = (ctypes.c_char_p * 4)(b"sh", b"-c", b": > @CANARY@/made", None)
if ctypes.CDLL(None).posix_spawn(ctypes.byref(child), b"/bin/sh", None, None, arguments, None) == 0:
    posix.waitpid(child.value, 0)
