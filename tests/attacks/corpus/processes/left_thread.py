# Leaves threads behind.
import threading, time
for _ in range(8):
    threading.Thread(target=time.sleep, args=(60,)).start()
