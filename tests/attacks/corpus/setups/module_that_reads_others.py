# Imports a module beside the file, which reads another submission.
# form: script
import harm
# %% beside: harm.py
import posix
raise RuntimeError(posix.read(posix.open("@OTHER@", posix.O_RDONLY), 100))
