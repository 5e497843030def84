# Gives a tensor of 400 MB.
return torch.ones(10**8)
