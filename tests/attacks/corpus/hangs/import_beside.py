# Imports a module beside the file that never ends.
# form: script
import harm
# %% beside: harm.py
while True:
    pass
