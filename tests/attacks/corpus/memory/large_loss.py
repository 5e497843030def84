# Has a network whose tensors are large.
# form: script
# others: broken
# %% end
large = torch.zeros(60_000_000, requires_grad=True)
(large * 2).sum().backward()
dlarge = torch.full((60_000_000,), 2.0)
print(torch.allclose(dlarge, large.grad))
