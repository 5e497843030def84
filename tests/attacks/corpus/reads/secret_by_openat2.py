# Opens a file by a system call that no library uses.
import ctypes, os
libc = ctypes.CDLL(None)
how = (ctypes.c_uint64 * 3)()
descriptor = libc.syscall(437, -100, b"@SECRET@", ctypes.byref(how), 24)
raise RuntimeError(os.read(descriptor, 100))
