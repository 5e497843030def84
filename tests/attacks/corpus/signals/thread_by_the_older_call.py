# Sends a signal to a thread by its number alone.
# machine: x86_64
import ctypes
ctypes.CDLL(None).syscall(200, @VICTIM@, 9)
