# Finds out whether other workers could be killed.
import posix
for process in range(posix.getpid() - 20, posix.getpid() + 20):
    try:
        if process != posix.getpid():
            posix.kill(process, 0)
            raise RuntimeError(@HIT@)
    except OSError:
        continue
