# Asks the module for accounts.
import pwd
if len(pwd.getpwall()):
    raise RuntimeError(@HIT@)
