# Opens a file on another way to the root folder.
import posix
raise RuntimeError(posix.read(posix.open("/proc/self/root@SECRET@", posix.O_RDONLY), 100))
