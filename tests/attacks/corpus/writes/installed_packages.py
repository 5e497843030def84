# Leaves a file that Python reads at every start.
import posix, site, torch
for folder in (*site.getsitepackages(), torch.__path__[0], torch.__path__[0] + "/.."):
    try:
        posix.mkdir(f"{folder}/@TOKEN@")
    except OSError:
        continue
    posix.rmdir(f"{folder}/@TOKEN@")
    raise RuntimeError(@HIT@)
