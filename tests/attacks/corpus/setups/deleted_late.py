# Does harm when an object is deleted.
import posix, torch
class Harm:
    def __del__(self, mkdir=posix.mkdir):
        mkdir("@CANARY@/made")
torch.harm = Harm()
