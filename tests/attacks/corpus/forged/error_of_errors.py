# Raises an error that raises when it is shown.
class Harm(Exception):
    def __str__(self):
        raise SystemExit(0)
    __repr__ = __str__
raise Harm
