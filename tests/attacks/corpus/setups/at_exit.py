# Does harm when the process ends.
# control
import atexit, posix
atexit.register(posix.mkdir, "@CANARY@/made")
atexit._run_exitfuncs()
