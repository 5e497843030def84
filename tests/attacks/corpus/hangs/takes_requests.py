# Reads its requests away.
import gc, posix
(channel,) = [each for each in gc.get_objects() if type(each).__name__ == "Channel"]
while True:
    posix.read(channel._reading, 1 << 20)
