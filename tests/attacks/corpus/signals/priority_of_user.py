# Changes the priority of all processes of a user.
import posix
posix.setpriority(2, posix.getuid(), posix.getpriority(0, 0))
raise RuntimeError(@HIT@)
