# Binds very many names.
# form: script
for number in range(300_000):
    globals()[f"dname{number}"] = torch.zeros(1)
