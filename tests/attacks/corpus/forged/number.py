# Gives a number that is none.
return type("Harm", (float,), {"__repr__": lambda self: "\x1b[2J", "__float__": lambda self: 1 / 0})(1)
