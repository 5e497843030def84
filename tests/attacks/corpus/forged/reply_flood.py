# Sends replies until nobody takes them.
# others: broken
import gc, posix, time
(channel,) = [each for each in gc.get_objects() if type(each).__name__ == "Channel"]
end = time.monotonic() + 1
while time.monotonic() < end:
    try:
        posix.write(channel._writing, bytes(65536))
    except BlockingIOError:
        time.sleep(0.001)
