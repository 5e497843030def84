# Makes a file.
# control
import posix
posix.open("@CANARY@/made.txt", posix.O_WRONLY | posix.O_CREAT)
