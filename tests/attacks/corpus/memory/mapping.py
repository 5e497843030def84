# Maps memory without end.
import mmap
kept = []
while True:
    kept.append(mmap.mmap(-1, 1 << 30))
