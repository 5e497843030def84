# Leaves shared memory with a name behind.
# control
from multiprocessing import shared_memory
shared_memory.SharedMemory("@TOKEN@", create=True, size=1)
