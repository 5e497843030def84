# Lets everybody read a file.
# control
import posix
posix.chmod("@CANARY@/keep.txt", 0o777)
