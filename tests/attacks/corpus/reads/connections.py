# Reads which connections there are.
import posix
for name in ("net/tcp", "net/unix", "mounts", "keys", "sysvipc/shm", "meminfo", "self/status"):
    try:
        posix.open(f"/proc/{name}", posix.O_RDONLY)
    except OSError:
        continue
    raise RuntimeError(@HIT@, name)
