# Lets everybody write a file that is open for reading.
import posix, torch
for path in ("@CANARY@/keep.txt", "@SECRET@"):
    posix.fchmod(posix.open(path, posix.O_RDONLY), 0o777)
