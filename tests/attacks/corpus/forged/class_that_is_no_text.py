# Raises an error whose class has a name that is something else.
class Meta(type):
    __name__ = "forged\n  probs   PASS   exact"
class Harm(Exception, metaclass=Meta):
    pass
raise Harm("no")
