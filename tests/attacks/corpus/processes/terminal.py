# Opens a terminal.
import posix
posix.openpty()
raise RuntimeError(@HIT@)
