# %% [markdown]
# A recurrent network, unrolled: one hidden state reads three characters one after another, with the same weights.

# %% setup
import random

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
block_size: int = 3  # the steps that are written out below
context = [0] * block_size  # dots alone: where a name begins


def build_dataset(words):
    X, Y = [], []
    for w in words:
        context = [0] * block_size
        for ch in w + ".":
            ix = stoi[ch]
            X += context
            Y.append(ix)
            context = context[1:] + [ix]
    return torch.tensor(X).view(-1, block_size), torch.tensor(Y)


random.seed(42)
random.shuffle(words)
n1 = int(0.8 * len(words))
n2 = int(0.9 * len(words))
Xtr, Ytr = build_dataset(words[:n1])
Xdev, Ydev = build_dataset(words[n1:n2])
Xte, Yte = build_dataset(words[n2:])

n_embd = 10
n_hidden = 64
g = torch.Generator().manual_seed(seed)
C = torch.randn((vocab_size, n_embd), generator=g)
Wxh = torch.randn((n_embd, n_hidden), generator=g) / n_embd**0.5
Whh = torch.randn((n_hidden, n_hidden), generator=g) / n_hidden**0.5
bh = torch.randn(n_hidden, generator=g) * 0.1
h0 = torch.randn((1, n_hidden), generator=g) * 0.1
Why = torch.randn((n_hidden, vocab_size), generator=g) * 0.1
by = torch.randn(vocab_size, generator=g) * 0.1
parameters = [C, Wxh, Whh, bh, h0, Why, by]
for p in parameters:
    p.requires_grad = True

batch_size = 32
n = batch_size
steps = 100_000


def learning_rate(step):
    return 0.1 if step < steps / 2 else 0.01


# %% minibatch
ix = torch.randint(0, Xtr.shape[0], (batch_size,), generator=g)
Xb, Yb = Xtr[ix], Ytr[ix]

# %% forward
# embedding
emb = C[Xb]
# first character
a1 = emb[:, 0] @ Wxh + h0 @ Whh + bh
h1 = torch.tanh(a1)
# second character
a2 = emb[:, 1] @ Wxh + h1 @ Whh + bh
h2 = torch.tanh(a2)
# third character
a3 = emb[:, 2] @ Wxh + h2 @ Whh + bh
h3 = torch.tanh(a3)
# linear
logits = h3 @ Why + by
# loss
loss = F.cross_entropy(logits, Yb)

# %% predict
emb = C[torch.as_tensor(context).view(-1, block_size)]
h = h0
for t in range(block_size):
    h = torch.tanh(emb[:, t] @ Wxh + h @ Whh + bh)
logits = h @ Why + by
