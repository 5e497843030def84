"""Scripts with an ``autograd.Function`` that is not the derivative of its forward on purpose, or cannot be judged."""

from __future__ import annotations

from tests.engine.own_functions.right import script

SURROGATES = {
    "a sign that lets gradients through": script("""
        import torch
        class Sign(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.sign()
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g * (x.abs() <= 1)
        x = torch.randn(5, requires_grad=True)
        Sign.apply(x).sum().backward()
    """),
    "a spike": script("""
        import torch
        class Spike(torch.autograd.Function):
            @staticmethod
            def forward(ctx, v):
                ctx.save_for_backward(v)
                return (v > 0).float()
            @staticmethod
            def backward(ctx, g):
                v, = ctx.saved_tensors
                return g / (1 + 10 * v.abs()) ** 2
        v = torch.randn(5, requires_grad=True)
        Spike.apply(v).sum().backward()
    """),
    "a gradient that is reversed": script("""
        import torch
        class Reverse(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, factor):
                ctx.factor = factor
                return x.view_as(x)
            @staticmethod
            def backward(ctx, g):
                return -ctx.factor * g, None
        x = torch.randn(5, requires_grad=True)
        Reverse.apply(x, 0.5).pow(2).sum().backward()
    """),
    "rounded in steps": script("""
        import torch
        class Quantize(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, scale):
                ctx.save_for_backward(x, scale)
                return (x / scale).round().clamp(-4, 3) * scale
            @staticmethod
            def backward(ctx, g):
                x, scale = ctx.saved_tensors
                q = x / scale
                inside = (q >= -4) & (q <= 3)
                return g * inside, None
        x = torch.randn(40, requires_grad=True)
        Quantize.apply(x, torch.tensor(0.5)).sum().backward()
    """),
    "drawn at random": script("""
        import torch
        class Draw(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return torch.bernoulli(x.sigmoid())
            @staticmethod
            def backward(ctx, g):
                return g
        x = torch.randn(5, requires_grad=True)
        Draw.apply(x).sum().backward()
    """),
    "a threshold far away": script("""
        import torch
        class Fires(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return (x > 1000).float()
            @staticmethod
            def backward(ctx, g):
                return g
        x = torch.randn(5, requires_grad=True)
        Fires.apply(x).sum().backward()
    """),
    "rounded down, by a division": script("""
        import torch
        class Step(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return torch.div(x, 0.5, rounding_mode="floor") * 0.5
            @staticmethod
            def backward(ctx, g):
                return g
        x = torch.randn(5, requires_grad=True)
        Step.apply(x).sum().backward()
    """),
    "rounded, plus what is exact": script("""
        import torch
        class Mixed(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, w):
                ctx.save_for_backward(x, w)
                return (x * w).round() + x
            @staticmethod
            def backward(ctx, g):
                x, w = ctx.saved_tensors
                return g * (w + 1), None
        x = torch.randn(5, requires_grad=True)
        Mixed.apply(x, torch.randn(5)).sum().backward()
    """),
}

UNJUDGED = {
    "forward in NumPy": (script("""
        import torch
        import numpy as np
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return torch.from_numpy(np.sin(x.detach().numpy()))
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g * x.cos()
        x = torch.randn(5, requires_grad=True)
        Sin.apply(x).sum().backward()
    """), "could not be judged: its forward takes numbers out of PyTorch"),
    "backward in NumPy": (script("""
        import torch
        import numpy as np
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.sin()
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return torch.from_numpy(g.numpy() * np.cos(x.detach().numpy()))
        x = torch.randn(5, requires_grad=True)
        Sin.apply(x).sum().backward()
    """), "could not be judged: its backward takes numbers out of PyTorch"),
    "filled through NumPy": (script("""
        import torch
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                y = torch.empty_like(x)
                y.numpy()[:] = __import__("numpy").sin(x.detach().numpy())
                return y
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g * x.cos()
        x = torch.randn(5, requires_grad=True)
        Sin.apply(x).sum().backward()
    """), "could not be judged: its forward takes numbers out of PyTorch"),
    "a number of Python": (script("""
        import torch
        class Scale(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.top = x.max().item()
                return x / ctx.top
            @staticmethod
            def backward(ctx, g):
                return g / ctx.top
        x = torch.rand(5, requires_grad=True)
        Scale.apply(x).sum().backward()
    """), "could not be judged: its forward takes numbers out of PyTorch"),
    "a number that does not depend on the size of the input": (script("""
        import torch
        class Odd(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.part = (x.square().sum() / x.abs().sum() ** 2).item()
                return x * ctx.part
            @staticmethod
            def backward(ctx, g):
                return g * ctx.part
        x = torch.randn(5, requires_grad=True)
        Odd.apply(x).sum().backward()
    """), "could not be judged: its forward takes numbers out of PyTorch"),
    "a number that chooses": (script("""
        import torch
        class Odd(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.factor = 2 if x.mean().item() > 0 else 3
                return x * ctx.factor
            @staticmethod
            def backward(ctx, g):
                return g * ctx.factor
        x = torch.randn(5, requires_grad=True)
        Odd.apply(x).sum().backward()
    """), "could not be judged: its forward takes numbers out of PyTorch"),
    "a number of turns": (script("""
        import torch
        class Odd(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                turns = 0
                while x.norm().item() / 2**turns > 1:
                    turns += 1
                ctx.turns = turns
                return x / 2**turns
            @staticmethod
            def backward(ctx, g):
                return g / 2**ctx.turns
        x = torch.randn(5, requires_grad=True)
        Odd.apply(x).sum().backward()
    """), "could not be judged: its forward takes numbers out of PyTorch"),
    "a number that is 0 here": (script("""
        import torch
        class Odd(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, shift):
                return x + shift.sum().item()
            @staticmethod
            def backward(ctx, g):
                return None, None
        x = torch.randn(5, requires_grad=True)
        Odd.apply(x.detach(), torch.zeros(5, requires_grad=True)).sum().backward()
    """), "could not be judged: its forward takes numbers out of PyTorch"),
    "a number of the upstream gradient": (script("""
        import torch
        class Odd(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.sin()
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g.mean().item() * x.cos()
        x = torch.randn(5, requires_grad=True)
        Odd.apply(x).sum().backward()
    """), "could not be judged: its backward takes numbers out of PyTorch"),
    "complex numbers": (script("""
        import torch
        class Abs(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.abs()
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g * x / x.abs()
        x = torch.randn(5, dtype=torch.cfloat, requires_grad=True)
        Abs.apply(x).sum().backward()
    """), "could not be judged: its forward computes with complex numbers"),
    "no backward": (script("""
        import torch
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x.sin()
            @staticmethod
            def backward(ctx, g):
                raise NotImplementedError("exercise")
        Sin.apply(torch.randn(3))
    """), "its backward raises NotImplementedError: exercise"),
    "a list of gradients, which autograd takes for one": (script("""
        import torch
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.sin()
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return [g * x.cos()]
        Sin.apply(torch.randn(5, requires_grad=True)).sum().backward()
    """), "its backward returns a list, and autograd takes a tuple"),
    "too few gradients": (script("""
        import torch
        class Mul(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, w):
                ctx.save_for_backward(x, w)
                return x * w
            @staticmethod
            def backward(ctx, g):
                x, w = ctx.saved_tensors
                return g * w
        w = torch.randn(3, requires_grad=True)
        Mul.apply(torch.randn(3), w).sum().backward()
    """), "its backward returns one gradient for 2 arguments of forward"),
}  # fmt: skip
