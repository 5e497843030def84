# Has the kernel send a signal when others open a file.
import fcntl, posix, torch
posix_file = posix.open(torch.__file__, posix.O_RDONLY)
fcntl.fcntl(posix_file, 1024, fcntl.F_RDLCK)
raise RuntimeError(@HIT@)
