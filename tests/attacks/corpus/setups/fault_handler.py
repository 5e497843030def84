# Has a traceback written every second.
import faulthandler, posix
faulthandler.dump_traceback_later(1, repeat=True, file=1)
faulthandler.enable(file=posix.open("@CANARY@/made", posix.O_WRONLY | posix.O_CREAT))
