# Reads who has an account.
import posix
for path in ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/hosts", "/etc/machine-id"):
    try:
        posix.open(path, posix.O_RDONLY)
    except OSError:
        continue
    raise RuntimeError(@HIT@)
