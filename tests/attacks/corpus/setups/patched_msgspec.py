# Replaces what encodes replies.
# others: broken
import msgspec
msgspec.msgpack.encode = lambda *_: b"\xc0"
msgspec.msgpack.decode = msgspec.msgpack.Decoder = lambda *_: None
