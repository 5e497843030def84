# Takes a descriptor from the process that judges.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
process = libc.syscall(434, @PID@, 0)
for number in range(64):
    if process >= 0 and libc.syscall(438, process, number, 0) >= 0:
        raise RuntimeError(@HIT@)
