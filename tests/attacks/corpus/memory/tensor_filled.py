# Fills tensors until there is no more memory.
kept = []
while True:
    kept.append(torch.ones(1 << 26))
