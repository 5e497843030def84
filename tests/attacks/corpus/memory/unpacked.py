# Unpacks a small text to a large one.
import zlib
packed = zlib.compress(bytes(1 << 28))
return [zlib.decompress(packed) for _ in range(100)]
