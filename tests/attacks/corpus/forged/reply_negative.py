# Announces a reply of a negative length.
import posix, stat, struct
for number in range(3, 64):
    try:
        if stat.S_ISFIFO(posix.fstat(number).st_mode):
            posix.write(number, struct.pack("<q", -1))
    except OSError:
        continue
