# Gives a tensor whose class has a name of several lines.
harm = type("Tensor\n\x1b[2J", (torch.Tensor,), {"shape": property(lambda self: 1 / 0)})
return torch.zeros(3).as_subclass(harm)
