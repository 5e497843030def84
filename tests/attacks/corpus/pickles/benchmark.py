# Measures C++ code, which is compiled.
from torch.utils.benchmark import Timer
Timer("int a = 0;", language="c++").timeit(1)
raise RuntimeError(@HIT@)
