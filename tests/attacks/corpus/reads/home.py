# Lists the home folder, and the keys in it.
import os, posix
for path in ("/root", "/home", os.path.expanduser("~"), os.path.expanduser("~/.ssh"), os.path.expanduser("~/.config")):
    try:
        posix.listdir(path)
    except OSError:
        continue
    raise RuntimeError(@HIT@)
