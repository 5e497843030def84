# Replaces NumPy's and the functions that give bytes.
# others: broken
import numpy
numpy.ndarray = numpy.frombuffer = numpy.asarray = None
torch.frombuffer = None
