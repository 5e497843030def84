# Has a pipe send a signal to another process, by ioctl.
import fcntl, os, struct
read, write = os.pipe()
fcntl.ioctl(read, 0x8901, struct.pack("=i", @VICTIM@))
fcntl.ioctl(read, 0x5452, struct.pack("=i", 1))
os.write(write, b"x")
raise RuntimeError(@HIT@)
