# Sets the clock to the time that it is.
import time
time.clock_settime(time.CLOCK_REALTIME, time.time())
raise RuntimeError(@HIT@)
