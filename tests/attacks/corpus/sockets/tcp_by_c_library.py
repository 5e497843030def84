# Connects by TCP through the C library.
# control
import ctypes, struct
libc = ctypes.CDLL(None)
address = struct.pack("=HH4s8x", 2, int.from_bytes((@PORT@).to_bytes(2, "big"), "little"), bytes((127, 0, 0, 1)))
libc.connect(libc.socket(2, 1, 0), address, len(address))
