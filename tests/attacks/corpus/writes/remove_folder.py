# Removes a folder.
import posix
posix.rmdir("@CANARY@")
