# Has NumPy open a file.
# control
import numpy
raise RuntimeError(numpy.fromfile("@SECRET@", dtype=numpy.uint8).tobytes())
