# Has a backward that no one calls, and that has no end.
class Harm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1
    @staticmethod
    def backward(ctx, gradient):
        while True:
            pass
Harm.apply(torch.ones(3))
