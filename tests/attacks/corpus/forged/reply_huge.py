# Announces a reply of many gigabytes.
import posix, stat, struct
for number in range(3, 64):
    try:
        if stat.S_ISFIFO(posix.fstat(number).st_mode):
            posix.write(number, struct.pack("<Q", 1 << 40))
    except OSError:
        continue
