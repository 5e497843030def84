# Has a module whose parameters have names of several lines.
# form: script
# others: broken
# %% end
model = torch.nn.Module()
model.register_parameter("w\n\x1b[2J", torch.nn.Parameter(torch.ones(2)))
(getattr(model, "w\n\x1b[2J") * 3).sum().backward()
dmodel = {name: torch.full((2,), 3.0) for name, _ in model.named_parameters()}
for name, parameter in model.named_parameters():
    print(name, torch.allclose(dmodel[name], parameter.grad))
