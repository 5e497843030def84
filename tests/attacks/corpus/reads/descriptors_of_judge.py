# Opens what the process that judges has open.
import posix
for number in range(64):
    try:
        posix.open(f"/proc/@PID@/fd/{number}", posix.O_RDONLY | posix.O_NONBLOCK)
    except OSError:
        continue
    raise RuntimeError(@HIT@)
