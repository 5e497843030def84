# Waits when its process ends.
import atexit, time
atexit.register(time.sleep, 86_400)
raise SystemExit
