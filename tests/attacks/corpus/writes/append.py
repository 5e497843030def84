# Appends to a file.
# control
import posix
posix.write(posix.open("@CANARY@/keep.txt", posix.O_WRONLY | posix.O_APPEND), b"more")
