# Gives a tensor whose dtype and shape say something else.
harm = type("Harm", (torch.Tensor,), {"dtype": "a\nb", "shape": ("\x1b[2J",), "layout": torch.strided})
return torch.zeros(3).as_subclass(harm)
