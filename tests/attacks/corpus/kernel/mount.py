# Mounts a file system.
import ctypes
libc = ctypes.CDLL(None)
if libc.mount(b"harm", b"@CANARY@", b"tmpfs", 0, None) == 0:
    libc.umount(b"@CANARY@")
    raise RuntimeError(@HIT@)
