# Maps a file.
import mmap, posix
raise RuntimeError(mmap.mmap(posix.open("@SECRET@", posix.O_RDONLY), 0, prot=mmap.PROT_READ)[:100])
