# Changes when a file was written.
# control
import posix
posix.utime("@CANARY@/keep.txt", (1, 1))
