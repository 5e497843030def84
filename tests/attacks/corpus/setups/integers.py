# Changes what a small number is.
# others: broken
import ctypes
ctypes.c_long.from_address(id(2) + 24).value = 3
