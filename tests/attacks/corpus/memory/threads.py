# Starts threads without end.
# others: broken
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
