# Runs a program from memory.
import ctypes, posix
libc = ctypes.CDLL(None)
descriptor = posix.memfd_create("harm")
posix.write(descriptor, open("/bin/true", "rb").read())
ctypes.CDLL(f"/proc/self/fd/{descriptor}")
raise RuntimeError(@HIT@)
