"""Scripts with an ``autograd.Function`` whose backward is right: no row of theirs may fail."""

from __future__ import annotations

import textwrap


def script(text: str) -> str:
    """A script, of its text."""
    return textwrap.dedent(text).strip() + "\n"


RIGHT = {
    "saved tensors": script("""
        import torch
        class Swish(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                s = torch.sigmoid(x)
                ctx.save_for_backward(x, s)
                return x * s
            @staticmethod
            def backward(ctx, grad_output):
                x, s = ctx.saved_tensors
                return grad_output * (s + x * s * (1 - s))
        z = torch.randn(4, 3, requires_grad=True)
        Swish.apply(z).sum().backward()
    """),
    "an output that is saved, and an import of the name": script("""
        import torch
        from torch.autograd import Function
        class Exp(Function):
            @staticmethod
            def forward(ctx, i):
                result = i.exp()
                ctx.save_for_backward(result)
                return result
            @staticmethod
            def backward(ctx, grad_output):
                result, = ctx.saved_tensors
                return grad_output * result
        a = torch.randn(5, requires_grad=True)
        (Exp.apply(a) * torch.randn(5)).sum().backward()
    """),
    "an attribute of ctx": script("""
        import torch
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.x = x
                return x ** 2
            @staticmethod
            def backward(ctx, g):
                return 2 * ctx.x * g
        a = torch.randn(3, 2, requires_grad=True)
        Square.apply(a).mean().backward()
    """),
    "a kink, with zeros among the inputs": script("""
        import torch
        class ReLU(torch.autograd.Function):
            @staticmethod
            def forward(ctx, input):
                ctx.save_for_backward(input)
                return input.clamp(min=0)
            @staticmethod
            def backward(ctx, grad_output):
                input, = ctx.saved_tensors
                grad_input = grad_output.clone()
                grad_input[input <= 0] = 0
                return grad_input
        x = torch.tensor([-1.0, 0.0, 2.0, 0.0], requires_grad=True)
        ReLU.apply(x).sum().backward()
    """),
    "needs_input_grad, and a transposed weight": script("""
        import torch
        class LinearFunction(torch.autograd.Function):
            @staticmethod
            def forward(ctx, input, weight, bias=None):
                ctx.save_for_backward(input, weight, bias)
                output = input.mm(weight.t())
                if bias is not None:
                    output += bias.unsqueeze(0).expand_as(output)
                return output
            @staticmethod
            def backward(ctx, grad_output):
                input, weight, bias = ctx.saved_tensors
                grad_input = grad_weight = grad_bias = None
                if ctx.needs_input_grad[0]:
                    grad_input = grad_output.mm(weight)
                if ctx.needs_input_grad[1]:
                    grad_weight = grad_output.t().mm(input)
                if bias is not None and ctx.needs_input_grad[2]:
                    grad_bias = grad_output.sum(0)
                return grad_input, grad_weight, grad_bias
        x = torch.randn(6, 4)
        W = torch.randn(4, 3, requires_grad=True)
        b = torch.zeros(3, requires_grad=True)
        h = LinearFunction.apply(x, W.t(), b)
        out = LinearFunction.apply(h, torch.randn(2, 3, requires_grad=True))
        out.pow(2).mean().backward()
    """),
    "in a module, in a loop that trains": script("""
        import torch
        import torch.nn as nn
        class Mul(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, scale):
                ctx.save_for_backward(x, scale)
                return x * scale
            @staticmethod
            def backward(ctx, g):
                x, scale = ctx.saved_tensors
                return g * scale, (g * x).sum(0)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 4)
                self.scale = nn.Parameter(torch.ones(4))
            def forward(self, x):
                return Mul.apply(self.fc(x), self.scale)
        net = Net()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        x, y = torch.randn(8, 3), torch.randn(8, 4)
        for step in range(20):
            loss = ((net(x) - y) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    """),
    "setup_context": script("""
        import torch
        class Cube(torch.autograd.Function):
            @staticmethod
            def forward(x):
                return x ** 3, 3 * x ** 2
            @staticmethod
            def setup_context(ctx, inputs, output):
                x, = inputs
                cube, slope = output
                ctx.save_for_backward(x, slope)
            @staticmethod
            def backward(ctx, grad_cube, grad_slope):
                x, slope = ctx.saved_tensors
                return grad_cube * slope + grad_slope * 6 * x
        a = torch.randn(4, requires_grad=True)
        cube, slope = Cube.apply(a)
        (cube.sum() + (slope * torch.randn(4)).sum()).backward()
    """),
    "arguments that are no tensors": script("""
        import torch
        class Power(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, n, name):
                ctx.n = n
                ctx.save_for_backward(x)
                return x ** n
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g * ctx.n * x ** (ctx.n - 1), None, None
        a = torch.randn(4, requires_grad=True)
        (Power.apply(a, 2, "two") + Power.apply(a, 3, "three")).sum().backward()
    """),
    "several outputs, of which one is not used": script("""
        import torch
        class SinCos(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.sin(), x.cos()
            @staticmethod
            def backward(ctx, gs, gc):
                x, = ctx.saved_tensors
                return gs * x.cos() - gc * x.sin()
        a = torch.randn(4, requires_grad=True)
        s, c = SinCos.apply(a)
        s.sum().backward()
    """),
    "several outputs of the same upstream gradient": script("""
        import torch
        class Both(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, w):
                ctx.save_for_backward(x, w)
                return x * w, x + 2 * w
            @staticmethod
            def backward(ctx, g1, g2):
                x, w = ctx.saved_tensors
                return g1 * w + g2, g1 * x + 2 * g2
        a = torch.randn(4, requires_grad=True)
        b = torch.randn(4, requires_grad=True)
        one, two = Both.apply(a, b)
        (one + two).sum().backward()
    """),
    "an output that was computed from another": script("""
        import torch
        class Chain(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                h = x.tanh()
                ctx.save_for_backward(h)
                return h, h * h
            @staticmethod
            def backward(ctx, gh, gy):
                h, = ctx.saved_tensors
                return (gh + gy * 2 * h) * (1 - h * h)
        a = torch.randn(4, requires_grad=True)
        h, y = Chain.apply(a)
        (h * 3 + y).sum().backward()
    """),
    "an output that is not differentiable": script("""
        import torch
        class Sort(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                values, indices = x.sort()
                ctx.mark_non_differentiable(indices)
                ctx.save_for_backward(indices)
                return values, indices
            @staticmethod
            def backward(ctx, g, _):
                indices, = ctx.saved_tensors
                back = torch.zeros_like(g)
                back.index_add_(0, indices, g)
                return back
        a = torch.randn(6, requires_grad=True)
        values, indices = Sort.apply(a)
        (values * torch.arange(6.0)).sum().backward()
    """),
    "in place": script("""
        import torch
        class Double(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                x.mul_(x)
                ctx.mark_dirty(x)
                return x
            @staticmethod
            def backward(ctx, g):
                raise NotImplementedError
        class Exp_(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                x.exp_()
                ctx.mark_dirty(x)
                ctx.save_for_backward(x)
                return x
            @staticmethod
            def backward(ctx, g):
                y, = ctx.saved_tensors
                return g * y
        a = torch.randn(4, requires_grad=True)
        b = a * 2
        Exp_.apply(b).sum().backward()
    """),
    "once_differentiable": script("""
        import torch
        from torch.autograd.function import once_differentiable
        class Tanh(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                y = torch.tanh(x)
                ctx.save_for_backward(y)
                return y
            @staticmethod
            @once_differentiable
            def backward(ctx, g):
                y, = ctx.saved_tensors
                return g * (1 - y ** 2)
        a = torch.randn(4, requires_grad=True)
        Tanh.apply(a).sum().backward()
    """),
    "one within another": script("""
        import torch
        class Exp(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                y = x.exp()
                ctx.save_for_backward(y)
                return y
            @staticmethod
            def backward(ctx, g):
                y, = ctx.saved_tensors
                return g * y
        class LogSumExp(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                e = Exp.apply(x)
                s = e.sum(-1, keepdim=True)
                ctx.save_for_backward(e, s)
                return s.log()
            @staticmethod
            def backward(ctx, g):
                e, s = ctx.saved_tensors
                return g * e / s
        a = torch.randn(3, 4, requires_grad=True)
        (LogSumExp.apply(a).sum() + Exp.apply(a).sum()).backward()
    """),
    "the same tensor twice": script("""
        import torch
        class Mul(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                return a * b
            @staticmethod
            def backward(ctx, g):
                a, b = ctx.saved_tensors
                return g * b, g * a
        x = torch.randn(4, requires_grad=True)
        Mul.apply(x, x).sum().backward()
    """),
    "the upstream gradient is an input as well": script("""
        import torch
        class Mul(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                return a * b
            @staticmethod
            def backward(ctx, g):
                a, b = ctx.saved_tensors
                return g * b, None
        x, v = torch.randn(4, requires_grad=True), torch.randn(4)
        Mul.apply(x, v).backward(v)
    """),
    "slices of one tensor": script("""
        import torch
        class Gate(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                s = torch.sigmoid(b)
                ctx.save_for_backward(a, s)
                return a * s
            @staticmethod
            def backward(ctx, g):
                a, s = ctx.saved_tensors
                return g * s, g * a * s * (1 - s)
        z = torch.randn(3, 8, requires_grad=True)
        h = z * 1
        Gate.apply(h[:, :4], h[:, 4:]).pow(2).sum().backward()
    """),
    "labels, and a softmax": script("""
        import torch
        class CrossEntropy(torch.autograd.Function):
            @staticmethod
            def forward(ctx, logits, labels):
                shifted = logits - logits.max(1, keepdim=True).values
                probs = shifted.exp() / shifted.exp().sum(1, keepdim=True)
                n = logits.shape[0]
                ctx.save_for_backward(probs, labels)
                return -probs[range(n), labels].log().mean()
            @staticmethod
            def backward(ctx, g):
                probs, labels = ctx.saved_tensors
                grad = probs.clone()
                n = len(labels)
                grad[range(n), labels] -= 1
                return g * grad / n, None
        logits = torch.randn(6, 5, requires_grad=True)
        labels = torch.tensor([0, 3, 1, 4, 2, 2])
        CrossEntropy.apply(logits, labels).backward()
    """),
    "an embedding": script("""
        import torch
        class Lookup(torch.autograd.Function):
            @staticmethod
            def forward(ctx, table, ix):
                ctx.save_for_backward(ix)
                ctx.shape = table.shape
                return table[ix]
            @staticmethod
            def backward(ctx, g):
                ix, = ctx.saved_tensors
                grad = torch.zeros(ctx.shape)
                grad.index_add_(0, ix.view(-1), g.reshape(-1, ctx.shape[1]))
                return grad, None
        C = torch.randn(7, 2, requires_grad=True)
        ix = torch.randint(0, 7, (4, 3))
        Lookup.apply(C, ix).pow(2).sum().backward()
    """),
    "dropout": script("""
        import torch
        class Dropout(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, p):
                mask = (torch.rand_like(x) > p).float() / (1 - p)
                ctx.save_for_backward(mask)
                return x * mask
            @staticmethod
            def backward(ctx, g):
                mask, = ctx.saved_tensors
                return g * mask, None
        x = torch.randn(5, 4, requires_grad=True)
        Dropout.apply(x, 0.5).sum().backward()
    """),
    "batch norm": script("""
        import torch
        class BatchNorm(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, gamma, beta, eps):
                mean = x.mean(0)
                var = x.var(0, unbiased=False)
                inv = (var + eps).rsqrt()
                xhat = (x - mean) * inv
                ctx.save_for_backward(xhat, inv, gamma)
                return gamma * xhat + beta
            @staticmethod
            def backward(ctx, dout):
                xhat, inv, gamma = ctx.saved_tensors
                n = dout.shape[0]
                dgamma = (dout * xhat).sum(0)
                dbeta = dout.sum(0)
                dxhat = dout * gamma
                dx = inv / n * (n * dxhat - dxhat.sum(0) - xhat * (dxhat * xhat).sum(0))
                return dx, dgamma, dbeta, None
        x = torch.randn(8, 3, requires_grad=True)
        gamma = torch.ones(3, requires_grad=True)
        beta = torch.zeros(3, requires_grad=True)
        BatchNorm.apply(x, gamma, beta, 1e-5).pow(2).sum().backward()
    """),
    "a domain of positive numbers": script("""
        import torch
        class Log(torch.autograd.Function):
            @staticmethod
            def forward(ctx, p):
                ctx.save_for_backward(p)
                return p.log() + (1 - p).log()
            @staticmethod
            def backward(ctx, g):
                p, = ctx.saved_tensors
                return g * (1 / p - 1 / (1 - p))
        p = torch.rand(6).mul(0.8).add(0.1).requires_grad_()
        Log.apply(p).sum().backward()
    """),
    "float64, and grad": script("""
        import torch
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.sin()
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g * x.cos()
        x = torch.randn(4, dtype=torch.double, requires_grad=True)
        g, = torch.autograd.grad(Sin.apply(x).sum(), x, create_graph=True)
        (g ** 2).sum().backward()
    """),
    "gradcheck": script("""
        import torch
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, w):
                ctx.save_for_backward(x, w)
                return (x * w).sin()
            @staticmethod
            def backward(ctx, g):
                x, w = ctx.saved_tensors
                c = g * (x * w).cos()
                return c * w, c * x
        x = torch.randn(4, dtype=torch.double, requires_grad=True)
        w = torch.randn(4, dtype=torch.double, requires_grad=True)
        print(torch.autograd.gradcheck(Sin.apply, (x, w)))
    """),
    "backward by autograd": script("""
        import torch
        class Checkpoint(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return (x.sin() * x).tanh()
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                with torch.enable_grad():
                    again = x.detach().requires_grad_()
                    y = (again.sin() * again).tanh()
                return torch.autograd.grad(y, again, g)[0]
        a = torch.randn(4, requires_grad=True)
        Checkpoint.apply(a * 1).sum().backward()
    """),
    "forward with a graph of its own": script("""
        import torch
        class Implicit(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                with torch.enable_grad():
                    ctx.inner = x.detach().requires_grad_()
                    ctx.y = ctx.inner ** 3
                return ctx.y.detach()
            @staticmethod
            def backward(ctx, g):
                return torch.autograd.grad(ctx.y, ctx.inner, g)[0]
        a = torch.randn(4, requires_grad=True)
        Implicit.apply(a * 1).sum().backward()
    """),
    "a branch in Python": script("""
        import torch
        class Leaky(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.positive = bool(x.sum() > 0)
                return x * x if ctx.positive else -3 * x
            @staticmethod
            def backward(ctx, g):
                return g * 2 * ctx.x if False else g * -3
        class Sided(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x if x.sum() > 0 else -3 * x
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g * 2 * x if x.sum() > 0 else g * -3
        a = torch.rand(4, requires_grad=True)
        Sided.apply(a).sum().backward()
    """),
    "a count that is a number of Python": script("""
        import torch
        class MaskedMean(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                mask = x > 0
                n = mask.sum().item()
                ctx.save_for_backward(mask)
                return (x * mask).sum() / n
            @staticmethod
            def backward(ctx, g):
                mask, = ctx.saved_tensors
                return g * mask / mask.sum()
        a = torch.randn(9, requires_grad=True)
        MaskedMean.apply(a).backward()
    """),
    "only forward": script("""
        import torch
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x ** 2
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return 2 * x * g
        print(Square.apply(torch.arange(4.0)))
    """),
    "an alias of apply": script("""
        import torch
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x ** 2
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return 2 * x * g
        square = Square.apply
        a = torch.randn(2, 2, requires_grad=True)
        square(square(a)).sum().backward()
    """),
    "a number": script("""
        import torch
        class Mul(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                return a * b
            @staticmethod
            def backward(ctx, g):
                a, b = ctx.saved_tensors
                return g * b, g * a
        a = torch.tensor(2.0, requires_grad=True)
        b = torch.tensor(-3.0, requires_grad=True)
        Mul.apply(a, b).backward()
    """),
    "no gradient where it is 0": script("""
        import torch
        class Where(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, limit):
                ctx.save_for_backward(x > limit)
                return x * (x > limit)
            @staticmethod
            def backward(ctx, g):
                mask, = ctx.saved_tensors
                return g * mask, None
        x = torch.randn(5, requires_grad=True)
        limit = torch.tensor(0.2, requires_grad=True)
        Where.apply(x, limit).sum().backward()
    """),
    "convolution": script("""
        import torch
        import torch.nn.functional as F
        class Conv(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, w):
                ctx.save_for_backward(x, w)
                return F.conv2d(x, w, padding=1)
            @staticmethod
            def backward(ctx, g):
                x, w = ctx.saved_tensors
                return (
                    torch.nn.grad.conv2d_input(x.shape, w, g, padding=1),
                    torch.nn.grad.conv2d_weight(x, w.shape, g, padding=1),
                )
        x = torch.randn(2, 3, 5, 5, requires_grad=True)
        w = torch.randn(4, 3, 3, 3, requires_grad=True)
        Conv.apply(x, w).pow(2).sum().backward()
    """),
    "a global of the file": script("""
        import torch
        table = torch.linspace(-1, 1, 4)
        class Weighed(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return (x * table).sum()
            @staticmethod
            def backward(ctx, g):
                return g * table
        x = torch.randn(4, requires_grad=True)
        Weighed.apply(x).backward()
    """),
    "gradients of None": script("""
        import torch
        class Two(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.set_materialize_grads(False)
                ctx.save_for_backward(x)
                return x.sin(), x * 2
            @staticmethod
            def backward(ctx, g1, g2):
                x, = ctx.saved_tensors
                total = None
                if g1 is not None:
                    total = g1 * x.cos()
                if g2 is not None:
                    total = 2 * g2 if total is None else total + 2 * g2
                return total
        x = torch.randn(4, requires_grad=True)
        a, b = Two.apply(x)
        b.sum().backward()
        a, b = Two.apply(x)
        (a.sum() + b.sum()).backward()
    """),
    "also where nobody asks for gradients": script("""
        import torch
        class MSE(torch.autograd.Function):
            @staticmethod
            def forward(ctx, pred, target):
                ctx.save_for_backward(pred, target)
                return ((pred - target) ** 2).mean()
            @staticmethod
            def backward(ctx, g):
                pred, target = ctx.saved_tensors
                return g * 2 * (pred - target) / pred.numel(), None
        pred, target = torch.randn(4, requires_grad=True), torch.randn(4)
        with torch.no_grad():
            print(MSE.apply(pred, target))
        print(MSE.apply(torch.randn(3), torch.randn(3)))
        MSE.apply(pred, target).backward()
    """),
    "nobody asks for gradients, of which one is None": script("""
        import torch
        class MSE(torch.autograd.Function):
            @staticmethod
            def forward(ctx, pred, target):
                ctx.save_for_backward(pred, target)
                return ((pred - target) ** 2).mean()
            @staticmethod
            def backward(ctx, g):
                pred, target = ctx.saved_tensors
                return g * 2 * (pred - target) / pred.numel(), None
        print(MSE.apply(torch.randn(3), torch.randn(3)))
    """),
    "arguments by name": script("""
        import torch
        class Scale(torch.autograd.Function):
            @staticmethod
            def forward(x, w, power=2):
                return (x * w) ** power
            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.save_for_backward(*inputs[:2])
                ctx.power = inputs[2]
            @staticmethod
            def backward(ctx, g):
                x, w = ctx.saved_tensors
                inner = g * ctx.power * (x * w) ** (ctx.power - 1)
                return inner * w, inner * x, None
        x = torch.randn(4, requires_grad=True)
        Scale.apply(x, w=torch.randn(4, requires_grad=True)).sum().backward()
    """),
    "two inputs with one upstream gradient": script("""
        import torch
        class Add(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                return a + b
            @staticmethod
            def backward(ctx, g):
                return g, g
        a = torch.randn(4, requires_grad=True)
        Add.apply(Add.apply(a, a), a).sum().backward()
    """),
    "vjp, and another function of one's own that decorates it": script("""
        import torch
        def traced(function):
            def inner(*args):
                return function(*args)
            return inner
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.sin()
            @staticmethod
            @traced
            def vjp(ctx, g):
                x, = ctx.saved_tensors
                return g * x.cos()
        a = torch.randn(4, requires_grad=True)
        Sin.apply(a).sum().backward()
    """),
    "computed again with the same dropout": script("""
        import torch
        class Again(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                ctx.state = torch.get_rng_state()
                return torch.dropout(x.sin(), 0.5, True)
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                with torch.enable_grad(), torch.random.fork_rng():
                    torch.set_rng_state(ctx.state)
                    x = x.detach().requires_grad_()
                    y = torch.dropout(x.sin(), 0.5, True)
                return torch.autograd.grad(y, x, g)[0]
        a = torch.randn(7, requires_grad=True)
        Again.apply(a).sum().backward()
    """),
    "a view": script("""
        import torch
        class Flatten(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.shape = x.shape
                return x.reshape(x.shape[0], -1)
            @staticmethod
            def backward(ctx, g):
                return g.view(ctx.shape)
        a = torch.randn(3, 2, 2, requires_grad=True)
        Flatten.apply(a * 2).pow(2).sum().backward()
    """),
    "memory in another order": script("""
        import torch
        class Norm(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                n = x.norm(dim=-1, keepdim=True)
                ctx.save_for_backward(x, n)
                return x / n
            @staticmethod
            def backward(ctx, g):
                x, n = ctx.saved_tensors
                return g / n - x * (g * x).sum(-1, keepdim=True) / n ** 3
        a = torch.randn(5, 3, requires_grad=True)
        Norm.apply(a.T).pow(3).sum().backward()
    """),
    "the last columns, saved": script("""
        import torch
        class Tail(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                y = x[:, 1:]
                ctx.save_for_backward(y)
                return y * y
            @staticmethod
            def backward(ctx, g):
                y, = ctx.saved_tensors
                return torch.nn.functional.pad(2 * y * g, (1, 0))
        h = torch.randn(3, 4, requires_grad=True) * 1.5
        Tail.apply(h).sum().backward()
    """),
    "two steps of an LSTM cell": script("""
        import torch
        class Cell(torch.autograd.Function):
            @staticmethod
            def forward(ctx, gates, c):
                i, f, g, o = gates.chunk(4, 1)
                i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
                new = f * c + i * g
                t = new.tanh()
                ctx.save_for_backward(i, f, g, o, c, t)
                return o * t, new
            @staticmethod
            def backward(ctx, dh, dc):
                i, f, g, o, c, t = ctx.saved_tensors
                do = dh * t * o * (1 - o)
                dnew = dc + dh * o * (1 - t * t)
                di = dnew * g * i * (1 - i)
                df = dnew * c * f * (1 - f)
                dg = dnew * i * (1 - g * g)
                return torch.cat([di, df, dg, do], 1), dnew * f
        U = torch.randn(3, 12, requires_grad=True)
        h, c = torch.zeros(2, 3), torch.zeros(2, 3)
        for step in range(2):
            h, c = Cell.apply(torch.randn(2, 12) + h @ U, c)
        (h.sum() + c.pow(2).sum()).backward()
    """),
    "a running mean that is changed in place": script("""
        import torch
        class Center(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, running):
                mean = x.mean(0)
                running.mul_(0.9).add_(mean, alpha=0.1)
                return x - mean
            @staticmethod
            def backward(ctx, g):
                return g - g.mean(0), None
        running = torch.zeros(3)
        x = torch.randn(5, 3, requires_grad=True)
        Center.apply(x, running).pow(2).sum().backward()
    """),
    "rows that are chosen by number": script("""
        import torch
        class Best(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.at = x.argmax().item()
                ctx.n = len(x)
                return x[ctx.at] * 1
            @staticmethod
            def backward(ctx, g):
                grad = torch.zeros(ctx.n)
                grad[ctx.at] = 1
                return grad * g
        x = torch.randn(6, requires_grad=True)
        y = x * 1
        Best.apply(y).backward()
    """),
    "within torch.func": script("""
        import torch
        class Sin(torch.autograd.Function):
            @staticmethod
            def forward(x):
                return x.sin()
            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.save_for_backward(*inputs)
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g * x.cos()
        print(torch.func.grad(lambda x: Sin.apply(x).sum())(torch.randn(3)))
    """),
    "None where the gradient is 0 up to rounding": script("""
        import torch
        class Shifted(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, shift):
                e = (x - shift).exp()
                p = e / e.sum(1, keepdim=True)
                ctx.save_for_backward(p)
                return p
            @staticmethod
            def backward(ctx, g):
                p, = ctx.saved_tensors
                return p * (g - (p * g).sum(1, keepdim=True)), None
        x = torch.randn(4, 3, requires_grad=True)
        shift = torch.randn(4, 1, requires_grad=True)
        Shifted.apply(x, shift).pow(2).sum().backward()
    """),
    "a norm of one entry, which is always 0": script("""
        import torch
        class Norm(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, gain):
                d = x - x.mean(-1, keepdim=True)
                r = (d.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt()
                ctx.save_for_backward(d * r, r, gain)
                return d * r * gain
            @staticmethod
            def backward(ctx, g):
                h, r, gain = ctx.saved_tensors
                dh = g * gain
                dx = r * (dh - dh.mean(-1, keepdim=True) - h * (dh * h).mean(-1, keepdim=True))
                return dx, (g * h).sum(0)
        x = torch.randn(4, 1, requires_grad=True)
        gain = torch.randn(1, requires_grad=True)
        Norm.apply(x, gain).sum().backward()
    """),
    "inputs that go through as they are": script("""
        import torch
        class Both(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                return a.clone(), b.clone()
            @staticmethod
            def backward(ctx, ga, gb):
                return ga, gb
        a, b = (torch.randn(5, requires_grad=True) for _ in range(2))
        c, d = Both.apply(a, b)
        (c * d).sum().backward()
    """),
    "numbers that are printed just before and after": script("""
        import torch
        class Mean(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, scale):
                ctx.save_for_backward(x, scale)
                return (x * scale).mean()
            @staticmethod
            def backward(ctx, g):
                x, scale = ctx.saved_tensors
                return (g * scale / x.numel()).expand(x.shape), g * x.mean()
        x = torch.randn(4, 3)
        scale = torch.tensor(0.5, requires_grad=True)
        print(scale.item(), x.numpy().sum())
        loss = Mean.apply(x, scale)
        print(loss.item(), float(loss))
        loss.backward()
        print(scale.grad.item())
    """),
    "numbers that are printed and kept, and come to nothing": script("""
        import torch
        LOG = []
        class Swish(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, scale):
                s = torch.sigmoid(x)
                y = x * s * scale
                ctx.save_for_backward(x, s, scale)
                print(x, f"{y.mean().item():.3f}", y.tolist())
                LOG.append(float(y.max()))
                ctx.mean = y.mean().item()
                return y
            @staticmethod
            def backward(ctx, g):
                x, s, scale = ctx.saved_tensors
                if g.norm().item() > 1e9:
                    print("exploding", ctx.mean)
                return g * scale * (s + x * s * (1 - s)), (g * x * s).sum(0)
        x = torch.randn(4, 3, requires_grad=True)
        scale = torch.randn(3, requires_grad=True)
        for _ in range(4):
            Swish.apply(x, scale).pow(2).mean().backward()
    """),
    "a number that is printed before a change in place": script("""
        import torch
        class Twice(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                print(x.sum().item())
                ctx.mark_dirty(x)
                return x.mul_(2)
            @staticmethod
            def backward(ctx, g):
                return 2 * g
        x = torch.randn(5, requires_grad=True)
        Twice.apply(x * 1).sum().backward()
    """),
    "in a checkpoint, which computes again what was saved": script("""
        import torch
        from torch.utils.checkpoint import checkpoint
        class Ramp(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x.clamp(min=0) ** 2
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return 2 * g * x * (x > 0)
        W = torch.randn(3, 4, requires_grad=True)
        x = torch.randn(5, 3)
        checkpoint(lambda x: Ramp.apply(1 - Ramp.apply(x @ W)), x, use_reentrant=False).sum().backward()
    """),
}
