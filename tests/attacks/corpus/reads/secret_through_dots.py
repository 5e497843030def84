# Opens a file on the way out of a folder that may be read.
import posix, torch
raise RuntimeError(posix.read(posix.open(torch.__path__[0] + "/.." * 40 + "@SECRET@", posix.O_RDONLY), 100))
