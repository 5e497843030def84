# Writes on the terminal of the process that judges.
import posix
for path in ("/proc/@PID@/fd/1", "/proc/@PID@/fd/2", "/dev/tty", "/dev/console", "/dev/pts/0", "/dev/stdout"):
    try:
        descriptor = posix.open(path, posix.O_WRONLY | posix.O_NONBLOCK)
    except OSError:
        continue
    if descriptor > 2 and posix.fstat(descriptor).st_rdev != posix.makedev(1, 3):
        posix.write(descriptor, b"\x1b[2Jforged\n")
        raise RuntimeError(@HIT@, path)
