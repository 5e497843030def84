# Leaves a file in the home folder.
import os, posix
for folder in (os.path.expanduser("~"), "/root"):
    try:
        posix.mkdir(f"{folder}/@TOKEN@")
    except OSError:
        continue
