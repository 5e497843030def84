# Makes a file in memory, which could be run.
# control
import posix
posix.memfd_create("harm")
raise RuntimeError(@HIT@)
