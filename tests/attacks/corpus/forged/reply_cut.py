# Sends a half of a length, and ends.
import posix, stat
for number in range(3, 64):
    try:
        if stat.S_ISFIFO(posix.fstat(number).st_mode):
            posix.write(number, b"\x10\0\0")
    except OSError:
        continue
posix._exit(0)
