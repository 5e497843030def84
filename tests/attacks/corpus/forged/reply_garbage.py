# Writes garbage into every pipe.
import posix, stat
for number in range(3, 64):
    try:
        if stat.S_ISFIFO(posix.fstat(number).st_mode):
            posix.write(number, b"\xff" * 100)
    except OSError:
        continue
