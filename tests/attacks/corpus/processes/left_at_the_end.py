# Forks when the process ends.
import atexit, posix
def fork():
    if posix.fork() == 0:
        posix.mkdir("@CANARY@/made")
        posix._exit(0)
atexit.register(fork)
raise SystemExit(0)
