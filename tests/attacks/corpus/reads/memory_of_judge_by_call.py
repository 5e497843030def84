# Reads the memory of the process that judges, by a system call.
# machine: x86_64
# control
import ctypes
libc = ctypes.CDLL(None)
text = ctypes.create_string_buffer(60)
local = (ctypes.c_size_t * 2)(ctypes.addressof(text), 60)
remote = (ctypes.c_size_t * 2)(@ADDRESS@, 60)
libc.syscall(310, @PID@, local, ctypes.c_long(1), remote, ctypes.c_long(1), ctypes.c_long(0))
raise RuntimeError(text.value)
