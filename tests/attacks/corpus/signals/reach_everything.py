# Finds out whether all processes could be killed.
import posix
posix.kill(-1, 0)
raise RuntimeError(@HIT@)
