# Gives a tensor without elements whose other sizes are huge.
return torch.zeros(0, 1 << 40, 1 << 20)
