# Replaces autograd's backward pass.
# others: broken
torch.Tensor.backward = lambda *_, **__: None
torch.autograd.grad = lambda *_, **__: (torch.zeros(1),)
