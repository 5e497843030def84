# Sends a reply to a request that comes later.
import gc, msgspec
(channel,) = [each for each in gc.get_objects() if type(each).__name__ == "Channel"]
for number in range(1, 60):
    channel.send(msgspec.msgpack.encode({"number": number, "refusal": None}), b"\x80")
