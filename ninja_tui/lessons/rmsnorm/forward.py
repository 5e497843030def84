# %% [markdown]
# RMSNorm, written out: each example is divided by the root of its mean square, and nothing is subtracted.

# %% setup
import torch

seed = 2147483647
n_in = 6
n_hidden = 20
n_out = 3
eps = 1e-5
g = torch.Generator().manual_seed(seed)
teacher = torch.randn((n_in, n_out), generator=g) / n_in**0.5  # what the network is to find out
W1 = torch.randn((n_in, n_hidden), generator=g) / n_in**0.5
gain = 1.0 + torch.randn(n_hidden, generator=g) * 0.1
W2 = torch.randn((n_hidden, n_out), generator=g) / n_hidden**0.5
parameters = [W1, gain, W2]
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
hpre = X @ W1
# RMSNorm
hsq = hpre**2
ms = hsq.mean(1, keepdim=True)
rms_inv = (ms + eps) ** -0.5
norm = hpre * rms_inv
hnorm = gain * norm
# SiLU
sig = torch.sigmoid(hnorm)
h = hnorm * sig
# linear
pred = h @ W2
# loss
err = pred - Y
loss = (err**2).mean()
