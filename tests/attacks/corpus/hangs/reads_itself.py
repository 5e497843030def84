# Reads from a pipe to which only it could write.
import os
read, write = os.pipe()
os.read(read, 1)
