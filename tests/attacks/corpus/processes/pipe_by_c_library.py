# Has a shell run a command at the end of a pipe.
import ctypes
ctypes.CDLL(None).popen(b"touch @CANARY@/made", b"r")
