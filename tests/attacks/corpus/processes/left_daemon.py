# Leaves a daemon behind.
# control
import posix, time
if posix.fork() == 0:
    posix.setsid()
    if posix.fork() == 0:
        time.sleep(60)
    posix._exit(0)
