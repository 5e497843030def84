# Gives a view of one number that looks like 400 MB.
return torch.zeros(1).expand(10**8)
