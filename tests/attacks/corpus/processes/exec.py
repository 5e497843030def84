# Becomes another program.
import posix
posix.execv("/bin/sh", ["sh", "-c", ": > @CANARY@/made"])
