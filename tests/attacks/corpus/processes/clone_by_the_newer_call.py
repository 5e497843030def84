# Clones itself by the call whose flags no filter sees.
# machine: x86_64
import ctypes, posix
arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17)
child = ctypes.CDLL(None).syscall(435, arguments, ctypes.sizeof(arguments))
if child == 0:
    posix._exit(0)
if child > 0:
    raise RuntimeError(@HIT@)
