# Spawns a program.
# control
import posix
posix.waitpid(posix.posix_spawn("/bin/sh", ["sh", "-c", ": > @CANARY@/made"], {}), 0)
