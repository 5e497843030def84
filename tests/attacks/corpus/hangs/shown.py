# Gives a thing that is never shown to its end.
class Harm:
    def __repr__(self):
        while True:
            pass
    __str__ = __repr__
return Harm()
