# %% [markdown]
# A convolution over time, by hand: windows of three characters, and one matrix product for all of them.

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
block_size = 8
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
n_filters = 20
kernel_size = 3
n_windows = block_size - kernel_size + 1
g = torch.Generator().manual_seed(seed)
C = torch.randn((vocab_size, n_embd), generator=g)
Wc = torch.randn((n_embd * kernel_size, n_filters), generator=g) * (2 / (n_embd * kernel_size)) ** 0.5
bc = torch.randn(n_filters, generator=g) * 0.1
W2 = torch.randn((n_windows * n_filters, vocab_size), generator=g) * 0.05
b2 = torch.randn(vocab_size, generator=g) * 0.1
parameters = [C, Wc, bc, W2, b2]
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
# windows
win = emb.unfold(1, kernel_size, 1)
cols = win.flatten(2)
# convolution
conv = cols @ Wc + bc
h = torch.relu(conv)
# linear
hcat = h.flatten(1)
logits = hcat @ W2 + b2
# loss
loss = F.cross_entropy(logits, Yb)

# %% predict
emb = C[torch.as_tensor(context).view(-1, block_size)]
cols = emb.unfold(1, kernel_size, 1).flatten(2)
h = torch.relu(cols @ Wc + bc)
logits = h.flatten(1) @ W2 + b2
