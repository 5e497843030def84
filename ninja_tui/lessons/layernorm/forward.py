# %% [markdown]
# Layer normalisation, written out: each example is normalised by itself, over its own units.

# %% setup
import torch

seed = 2147483647
n_in = 6
n_hidden = 20
n_out = 3
g = torch.Generator().manual_seed(seed)
teacher = torch.randn((n_in, n_out), generator=g) / n_in**0.5  # what the network is to find out
W1 = torch.randn((n_in, n_hidden), generator=g) / n_in**0.5
b1 = torch.randn(n_hidden, generator=g) * 0.1
gain = 1.0 + torch.randn(n_hidden, generator=g) * 0.1
bias = torch.randn(n_hidden, generator=g) * 0.1
W2 = torch.randn((n_hidden, n_out), generator=g) / n_hidden**0.5
b2 = torch.randn(n_out, generator=g) * 0.1
parameters = [W1, b1, gain, bias, W2, b2]
for p in parameters:
    p.requires_grad = True

batch_size = 16
n = batch_size
steps = 5_000


def learning_rate(step):
    return 0.1 if step < steps / 2 else 0.01


# %% minibatch
X = torch.randn((batch_size, n_in), generator=g)
Y = torch.tanh(X @ teacher)

# %% forward
# linear
hpre = X @ W1 + b1
# LayerNorm
mu = hpre.mean(1, keepdim=True)
diff = hpre - mu
diff2 = diff**2
var = diff2.mean(1, keepdim=True)
var_inv = (var + 1e-5) ** -0.5
norm = diff * var_inv
hnorm = gain * norm + bias
# relu
h = torch.relu(hnorm)
# linear
pred = h @ W2 + b2
# loss
err = pred - Y
loss = (err**2).mean()
