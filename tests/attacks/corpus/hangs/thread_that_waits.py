# Waits for a thread that waits for it.
import threading
lock = threading.Lock()
lock.acquire()
lock.acquire()
