# Writes over a file.
import posix
posix.write(posix.open("@CANARY@/keep.txt", posix.O_WRONLY), b"lost")
