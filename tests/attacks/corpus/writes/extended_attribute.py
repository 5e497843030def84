# Writes an attribute of a file.
import os
os.setxattr("@CANARY@/keep.txt", "user.@TOKEN@", b"1")
