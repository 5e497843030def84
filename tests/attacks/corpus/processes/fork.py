# Forks.
# control
import posix
child = posix.fork()
if child == 0:
    posix._exit(0)
raise RuntimeError(@HIT@)
