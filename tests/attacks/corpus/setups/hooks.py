# Replaces what happens on errors.
import posix, sys, threading
def hook(*_):
    posix.mkdir("@CANARY@/made")
sys.excepthook = sys.unraisablehook = threading.excepthook = sys.displayhook = sys.breakpointhook = hook
breakpoint()
