# Gives an object that does harm wherever it is unpickled.
import posix
class Harm:
    def __reduce__(self):
        return posix.mkdir, ("@CANARY@/made",)
return Harm()
