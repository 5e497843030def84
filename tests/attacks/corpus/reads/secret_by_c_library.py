# Opens a file by the C library.
# control
import ctypes
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
line = ctypes.create_string_buffer(100)
stream = libc.fopen(b"@SECRET@", b"r")
if stream:
    libc.fgets(line, 100, ctypes.c_void_p(stream))
raise RuntimeError(line.value)
