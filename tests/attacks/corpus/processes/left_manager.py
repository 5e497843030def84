# Leaves a manager of shared objects behind.
import multiprocessing
multiprocessing.Manager().list([1])
