# Changes what is in the folder of the submissions.
import os, posix
posix.mkdir(os.path.dirname("@OTHER@") + "/folder")
