# Writes the memory of another process.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
text = ctypes.create_string_buffer(b"x")
local = (ctypes.c_size_t * 2)(ctypes.addressof(text), 1)
remote = (ctypes.c_size_t * 2)(@ADDRESS@, 1)
if libc.syscall(311, @PID@, local, ctypes.c_long(1), remote, ctypes.c_long(1), ctypes.c_long(0)) > 0:
    raise RuntimeError(@HIT@)
