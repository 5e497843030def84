# Looks for a token in the environment that the C library has.
import ctypes
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
names = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
place = 0
while names and names[place]:
    if names[place].startswith(b"@VARIABLE@"):
        raise RuntimeError(names[place])
    place += 1
raise RuntimeError(libc.getenv(b"@VARIABLE@"))
