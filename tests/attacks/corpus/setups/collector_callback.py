# Does harm at each garbage collection.
import gc, posix
gc.callbacks.append(lambda *_: posix.mkdir("@CANARY@/made"))
gc.collect()
