# Gives a file away.
import posix
posix.chown("@CANARY@/keep.txt", 1234, 1234)
