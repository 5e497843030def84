# Forks with a terminal of its own.
import posix
child, _ = posix.forkpty()
if child == 0:
    posix._exit(0)
raise RuntimeError(@HIT@)
