# Leaves a temporary file.
import tempfile
for folder in (None, "/tmp", "/var/tmp", "/dev/shm", "/run"):
    try:
        tempfile.mkstemp(prefix="@TOKEN@", dir=folder)
    except OSError:
        continue
