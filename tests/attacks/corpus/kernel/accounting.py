# Ends the accounting of processes.
import ctypes
if ctypes.CDLL(None).acct(None) == 0:
    raise RuntimeError(@HIT@)
