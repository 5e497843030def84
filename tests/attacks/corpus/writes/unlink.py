# Deletes a file.
# control
import posix
posix.unlink("@CANARY@/keep.txt")
