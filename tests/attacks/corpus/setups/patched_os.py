# Replaces functions of os.
# others: broken
import os, posix
for name in ("write", "read", "getpid", "close", "_exit"):
    setattr(os, name, lambda *_: posix.mkdir("@CANARY@/made"))
