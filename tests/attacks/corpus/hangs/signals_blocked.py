# Sleeps with all signals blocked.
import signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
time.sleep(86_400)
