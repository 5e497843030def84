# Opens file systems and trees of them.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None)
for number, arguments in ((428, (-100, b"/", 1)), (430, (b"tmpfs", 0)), (433, (-100, b"/", 0)), (442, (-100, b"/", 0, None, 0))):
    if libc.syscall(number, *arguments) >= 0:
        raise RuntimeError(@HIT@, number)
