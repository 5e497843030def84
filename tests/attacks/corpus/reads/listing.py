# Lists the folder of all submissions.
# control
import os, posix
posix.listdir(os.path.dirname("@OTHER@"))
raise RuntimeError(@HIT@)
