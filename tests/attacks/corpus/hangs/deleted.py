# Gives a thing that is never deleted to its end.
class Harm:
    def __del__(self):
        while True:
            pass
Harm()
