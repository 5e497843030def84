# Turns the garbage collector off, and thaws what it does not visit.
import gc
gc.disable()
gc.unfreeze()
gc.set_threshold(1, 1, 1)
