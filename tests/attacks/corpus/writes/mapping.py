# Writes a file through memory.
import mmap, posix
mmap.mmap(posix.open("@CANARY@/keep.txt", posix.O_RDWR), 4)[:] = b"lost"
