# Watches what others do in a folder.
# control
import ctypes
libc = ctypes.CDLL(None)
notes = libc.inotify_init1(0)
if notes >= 0 and libc.inotify_add_watch(notes, b"/tmp", 0xFFF) >= 0:
    raise RuntimeError(@HIT@)
