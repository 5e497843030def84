# Opens a file by its handle, past its path.
import ctypes, os
libc = ctypes.CDLL(None)
handle = (ctypes.c_uint32 * 40)(128)
mount = ctypes.c_int()
if libc.name_to_handle_at(-100, b"@SECRET@", handle, ctypes.byref(mount), 0) == 0:
    raise RuntimeError(@HIT@)
for descriptor in range(64):
    opened = libc.open_by_handle_at(descriptor, handle, os.O_RDONLY)
    if opened >= 0:
        raise RuntimeError(os.read(opened, 100))
