# Imports a package beside the file, and a module in it.
# form: script
import harm.inner
# %% beside: harm/__init__.py
import posix
posix.mkdir("@CANARY@/made")
# %% beside: harm/inner.py
import posix
posix.mkdir("@CANARY@/made_too")
