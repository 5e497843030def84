# Reads attributes of a file that may not be opened.
import os
os.listxattr("@SECRET@")
raise RuntimeError(@HIT@)
