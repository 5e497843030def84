# Has a pipe send a signal to another process, by the newer command.
import ctypes, fcntl, os, struct
read, write = os.pipe()
libc = ctypes.CDLL(None)
libc.fcntl(read, 15, struct.pack("=ii", 1, @VICTIM@))
libc.fcntl(read, 10, 9)
libc.fcntl(read, 4, os.O_ASYNC)
os.write(write, b"x")
