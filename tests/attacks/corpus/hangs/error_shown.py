# Raises an error that is never shown to its end.
class Harm(Exception):
    def __str__(self):
        while True:
            pass
raise Harm
