# Has NumPy compile Fortran.
import numpy.f2py
numpy.f2py.compile("end", modulename="harm", verbose=False)
