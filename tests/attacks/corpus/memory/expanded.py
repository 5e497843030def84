# Gives a view of one number that looks like a terabyte.
return torch.zeros(1).expand(1 << 38)
