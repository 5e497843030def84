# Counts instructions by another program.
from torch.utils.benchmark import Timer
Timer("1").collect_callgrind(number=1)
raise RuntimeError(@HIT@)
