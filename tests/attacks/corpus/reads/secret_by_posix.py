# Opens a file below Python's own functions.
# control
import posix
raise RuntimeError(posix.read(posix.open("@SECRET@", posix.O_RDONLY), 100))
