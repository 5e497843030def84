# Forks in a thread.
import posix, threading
def fork():
    if posix.fork() == 0:
        posix._exit(0)
    posix.mkdir("@CANARY@/made")
thread = threading.Thread(target=fork)
thread.start()
thread.join()
