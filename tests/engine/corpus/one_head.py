"""A lesson of the tests: one head of causal self-attention, whose softmax is one statement."""

from __future__ import annotations

FORWARD = """\
# %% setup
import torch
import torch.nn.functional as F

from ninja_tui.lesson.words import read_words

seed = 2147483647
words = read_words("names.txt")
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
vocab_size = len(itos)
data = torch.tensor([stoi[ch] for ch in "." + ".".join(words) + "."])

block_size = 8
n_embd = 16
head_size = 12
g = torch.Generator().manual_seed(seed)
C = torch.randn((vocab_size, n_embd), generator=g)
P = torch.randn((block_size, n_embd), generator=g) * 0.5
Wq = torch.randn((n_embd, head_size), generator=g) / n_embd**0.5
Wk = torch.randn((n_embd, head_size), generator=g) / n_embd**0.5
Wv = torch.randn((n_embd, head_size), generator=g) / n_embd**0.5
Wo = torch.randn((head_size, vocab_size), generator=g) * 0.1
parameters = [C, P, Wq, Wk, Wv, Wo]
for p in parameters:
    p.requires_grad = True

batch_size = 4
future = torch.ones((block_size, block_size), dtype=torch.bool).triu(1)  # row: who looks; column: at whom

# %% minibatch
ix = torch.randint(0, data.shape[0] - block_size, (batch_size,), generator=g)
places = ix[:, None] + torch.arange(block_size)
Xb, Yb = data[places], data[places + 1]

# %% forward
# embedding and position
tok = C[Xb]
x = tok + P
# queries, keys, values
q = x @ Wq
k = x @ Wk
v = x @ Wv
# attention weights
scores = q @ k.transpose(1, 2) * head_size**-0.5
masked = scores.masked_fill(future, float("-inf"))
att = F.softmax(masked, 2)
# weighted values
out = att @ v
# linear
logits = out @ Wo
# loss
loss = F.cross_entropy(logits.view(-1, vocab_size), Yb.view(-1))
"""
