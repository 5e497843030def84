# Unpickles what unpacks to a large text.
import pickle, zlib
raise RuntimeError(len(pickle.loads(zlib.decompress(zlib.compress(pickle.dumps("x" * (1 << 28)))))))
