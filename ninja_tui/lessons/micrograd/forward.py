# %% [markdown]
# Two neurons in a row, in single numbers: the chain rule and nothing else.

# %% setup
import torch

seed = 42
g = torch.Generator().manual_seed(seed)
w1 = torch.randn((), generator=g)
w2 = torch.randn((), generator=g)
b1 = torch.randn((), generator=g) * 0.1
v = torch.randn((), generator=g)
b2 = torch.randn((), generator=g) * 0.1
parameters = [w1, w2, b1, v, b2]
for p in parameters:
    p.requires_grad = True

steps = 2_000


def learning_rate(step):
    return 0.05 if step < steps / 2 else 0.01


# %% minibatch
x1 = torch.randn((), generator=g)
x2 = torch.randn((), generator=g)
y = torch.tanh(2.0 * x1 - x2)  # what the network is to find out

# %% forward
# first neuron
x1w1 = x1 * w1
x2w2 = x2 * w2
s = x1w1 + x2w2
n1 = s + b1
a = torch.tanh(n1)
# second neuron
av = a * v
n2 = av + b2
o = torch.tanh(n2)
# sum of both
out = a + o
# loss
err = out - y
loss = err**2
