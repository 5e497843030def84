# Has modules beside the file that take the place of Python's.
# form: script
import json, random, re, typing
# %% beside: json.py
import posix
posix.mkdir("@CANARY@/made")
# %% beside: random.py
import posix
posix.mkdir("@CANARY@/made_too")
