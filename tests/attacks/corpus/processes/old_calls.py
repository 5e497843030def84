# Forks by the calls of 32 bits.
# machine: x86_64
# others: broken
import ctypes, mmap, posix
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("53b802000000cd805bc3"))
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
child = call()
if child == 0:
    posix._exit(0)
if child > 0:
    raise RuntimeError(@HIT@)
