# Has parameters whose names are lines of a report.
# form: script
# others: broken
params = {}
# %% end
params = {"w\n\x1b[2J": torch.ones(2, requires_grad=True)}
(params["w\n\x1b[2J"] * 3).sum().backward()
dparams = {"w\n\x1b[2J": torch.full((2,), 3.0)}
print(torch.allclose(dparams["w\n\x1b[2J"], params["w\n\x1b[2J"].grad))
