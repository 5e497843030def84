# Has the kernel copy a file into a pipe.
import os, posix
read, write = os.pipe()
posix.sendfile(write, posix.open("@SECRET@", posix.O_RDONLY), 0, 100)
raise RuntimeError(os.read(read, 100))
