# Reads where everything is in memory.
import posix
posix.open("/proc/self/maps", posix.O_RDONLY)
raise RuntimeError(@HIT@)
