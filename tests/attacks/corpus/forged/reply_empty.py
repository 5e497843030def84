# Sends empty replies.
import posix, stat
for number in range(3, 64):
    try:
        if stat.S_ISFIFO(posix.fstat(number).st_mode):
            posix.write(number, bytes(80))
    except OSError:
        continue
