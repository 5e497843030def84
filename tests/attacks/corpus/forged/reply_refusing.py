# Refuses with lines of a report.
# others: script
import gc, msgspec, sys
(channel,) = [each for each in gc.get_objects() if type(each).__name__ == "Channel"]
frame = sys._getframe()
while "call" not in frame.f_locals:
    frame = frame.f_back
number = frame.f_locals["call"].number
channel.send(msgspec.msgpack.encode({"number": number, "refusal": "no\n  probs PASS\x1b[2J" * 100_000}), b"\x80")
