# %% [markdown]
# Softmax and cross-entropy as one function: the network of `names` up to its logits, and one more statement.

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
block_size = 3


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
W1 = torch.randn((n_embd * block_size, n_hidden), generator=g) * (5 / 3) / ((n_embd * block_size) ** 0.5)
b1 = torch.randn(n_hidden, generator=g) * 0.1
W2 = torch.randn((n_hidden, vocab_size), generator=g) * 0.1
b2 = torch.randn(vocab_size, generator=g) * 0.1
g_bn = torch.Generator().manual_seed(seed)
bngain = torch.randn((1, n_hidden), generator=g_bn) * 0.1 + 1.0
bnbias = torch.randn((1, n_hidden), generator=g_bn) * 0.1
parameters = [C, W1, b1, W2, b2, bngain, bnbias]
asks = ["logits"]
for p in parameters:
    p.requires_grad = True

batch_size = 32
n = batch_size

# %% minibatch
ix = torch.randint(0, Xtr.shape[0], (batch_size,), generator=g)
Xb, Yb = Xtr[ix], Ytr[ix]

# %% forward
# embedding
emb = C[Xb]
embcat = emb.view(emb.shape[0], -1)
# linear
hprebn = embcat @ W1 + b1
# BatchNorm
bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
bndiff = hprebn - bnmeani
bndiff2 = bndiff**2
bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)
bnvar_inv = (bnvar + 1e-5) ** -0.5
bnraw = bndiff * bnvar_inv
hpreact = bngain * bnraw + bnbias
# tanh
h = torch.tanh(hpreact)
# linear
logits = h @ W2 + b2
# loss
loss = F.cross_entropy(logits, Yb)
