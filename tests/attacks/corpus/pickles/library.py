# Loads a library that comes with the file.
# control
import ctypes, posix
descriptor = posix.open("@CANARY@/harm.so", posix.O_WRONLY | posix.O_CREAT, 0o700)
posix.write(descriptor, b"\x7fELF")
torch.ops.load_library("@CANARY@/harm.so")
