# Reads the commands of other processes, with their paths.
import posix
for process in (1, @PID@, @VICTIM@):
    try:
        posix.open(f"/proc/{process}/cmdline", posix.O_RDONLY)
    except OSError:
        continue
    raise RuntimeError(@HIT@)
