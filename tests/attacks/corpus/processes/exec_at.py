# Becomes another program by a descriptor.
# machine: x86_64
import ctypes, posix, torch
libc = ctypes.CDLL(None)
arguments = (ctypes.c_char_p * 4)(b"sh", b"-c", b": > @CANARY@/made", None)
for folder, path in ((-100, b"/bin/sh"), (-100, b"/usr/bin/dash")):
    libc.syscall(322, folder, path, arguments, None, 0)
