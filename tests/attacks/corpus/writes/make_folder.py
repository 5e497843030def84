# Makes a folder.
# control
import posix
posix.mkdir("@CANARY@/folder")
