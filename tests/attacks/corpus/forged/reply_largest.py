# Announces the largest reply that is taken, and sends little.
import posix, stat, struct
for number in range(3, 64):
    try:
        if stat.S_ISFIFO(posix.fstat(number).st_mode):
            posix.write(number, struct.pack("<Q", (1 << 27) - 1))
    except OSError:
        continue
posix._exit(0)
