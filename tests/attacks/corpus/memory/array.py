# Makes an array of NumPy's that is huge.
import numpy
return numpy.ones(1 << 40)
