# Renames a file.
import posix
posix.rename("@CANARY@/keep.txt", "@CANARY@/kept.txt")
