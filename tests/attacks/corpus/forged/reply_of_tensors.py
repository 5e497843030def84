# Sends tensors with sizes that are not theirs.
# others: script
import gc, msgspec, sys
(channel,) = [each for each in gc.get_objects() if type(each).__name__ == "Channel"]
frame = sys._getframe()
while "call" not in frame.f_locals:
    frame = frame.f_back
number = frame.f_locals["call"].number
tensor = {"dtype": "float32", "shape": [1 << 40, 1 << 40], "data": b"abcd"}
outcome = {"gradients": {"dprobs": {"kind": "Tensor", "tensor": tensor}}}
channel.send(msgspec.msgpack.encode({"number": number, "refusal": None}), msgspec.msgpack.encode(outcome))
