# Puts its alarm off again and again.
import signal
while True:
    signal.alarm(1000)
