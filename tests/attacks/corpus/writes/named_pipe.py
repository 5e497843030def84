# Makes a named pipe.
# control
import posix
posix.mkfifo("@CANARY@/pipe")
