# Handles the alarm, and raises at any moment.
# others: broken
import signal
def raising(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, raising)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
