# Fills the disk by a file without a name.
import posix
for folder in ("/tmp", "/var/tmp", "/dev/shm", "@CANARY@"):
    try:
        posix.open(folder, posix.O_TMPFILE | posix.O_RDWR)
    except OSError:
        continue
    raise RuntimeError(@HIT@)
