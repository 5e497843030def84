# Opens its own memory as a file.
import posix
posix.open("/proc/self/mem", posix.O_RDWR)
raise RuntimeError(@HIT@)
