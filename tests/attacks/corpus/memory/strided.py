# Gives a view with overlapping rows.
return torch.zeros(10_000).as_strided((10_000, 10_000), (0, 1))
