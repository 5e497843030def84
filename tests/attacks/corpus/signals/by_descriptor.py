# Kills a process by a descriptor of it.
# machine: x86_64
# control
import ctypes
libc = ctypes.CDLL(None)
libc.syscall(424, libc.syscall(434, @VICTIM@, 0), 9, None, 0)
