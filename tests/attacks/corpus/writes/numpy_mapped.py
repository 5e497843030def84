# Maps a file as an array that is written back.
import numpy
numpy.memmap("@CANARY@/keep.txt", dtype=numpy.uint8, mode="r+")[:] = 0
