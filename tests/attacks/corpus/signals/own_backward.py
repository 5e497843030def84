# Has a backward that no one calls, and that ends its process.
import os
class Harm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1
    @staticmethod
    def backward(ctx, gradient):
        os._exit(0)
Harm.apply(torch.ones(3))
