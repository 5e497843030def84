# Imports a module beside the file, which makes a folder when it is imported.
# form: script
import harm
# %% beside: harm.py
import posix
posix.mkdir("@CANARY@/made")
