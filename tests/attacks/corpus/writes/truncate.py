# Empties a file without opening it.
# control
import posix
posix.truncate("@CANARY@/keep.txt", 0)
