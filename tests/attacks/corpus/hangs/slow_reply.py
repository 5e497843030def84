# Sends its reply one byte a second.
# machine: x86_64
import gc, posix, struct, time
(channel,) = [each for each in gc.get_objects() if type(each).__name__ == "Channel"]
for byte in struct.pack("<Q", 100_000) + bytes(100_000):
    posix.write(channel._writing, bytes((byte,)))
    time.sleep(1)
