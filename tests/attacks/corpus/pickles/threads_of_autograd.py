# Runs a backward pass whose function raises in the engine's thread.
class Harm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1
    @staticmethod
    def backward(ctx, gradient):
        raise RuntimeError("\x1b[2J")
with torch.enable_grad():
    Harm.apply(torch.ones(1, requires_grad=True)).sum().backward()
