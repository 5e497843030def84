# Multiplies matrices for a long time.
large = torch.ones(4000, 4000)
for _ in range(10_000):
    large = large @ large
