# Leaves its group, in which it would be killed.
import posix
try:
    posix.setsid()
except PermissionError:
    posix.setpgid(0, 0)
raise RuntimeError(@HIT@)
