# Sends a reply nested without end.
import gc, msgspec, sys
(channel,) = [each for each in gc.get_objects() if type(each).__name__ == "Channel"]
channel.send(b"\x91" * 1_000_000, b"\x81\xa1a" * 1_000_000)
