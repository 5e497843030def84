# Leaves a queue of messages with a name behind.
import ctypes
if ctypes.CDLL(None).mq_open(b"/@TOKEN@", 0o101, 0o600, None) >= 0:
    raise RuntimeError(@HIT@)
