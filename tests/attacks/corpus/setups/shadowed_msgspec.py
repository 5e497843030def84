# Has a module beside the file that takes the place of what encodes replies.
# form: script
import sys
sys.modules.pop("msgspec", None)
import msgspec
msgspec.msgpack.encode({})
# %% beside: msgspec.py
import posix
posix.mkdir("@CANARY@/made")
