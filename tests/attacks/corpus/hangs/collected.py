# Makes garbage that is never collected to its end.
import gc
class Harm:
    def __del__(self):
        while True:
            pass
harm = Harm()
harm.harm = harm
del harm
gc.collect()
