# Leaves a temporary folder.
# control
import posix
for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/"):
    try:
        posix.mkdir(f"{folder}/@TOKEN@")
    except OSError:
        continue
