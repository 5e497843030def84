# Has NumPy save an array.
# control
import numpy
numpy.zeros(3).tofile("@CANARY@/made.bin")
