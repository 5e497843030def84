# Loads a C library by NumPy.
import numpy.ctypeslib
numpy.ctypeslib.load_library("libc.so.6", "/lib/x86_64-linux-gnu").system(b"touch @CANARY@/made")
