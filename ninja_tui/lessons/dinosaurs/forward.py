# %% [markdown]
# The network of `names`, statement by statement, on the names of dinosaurs.

# %% setup
import torch
import torch.nn.functional as F
from torch.utils.data import random_split

from ninja_tui.lesson.words import read_words

seed = 2147483647
words = read_words("dinosaurs.txt")
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


n1 = int(0.8 * len(words))
n2 = int(0.9 * len(words))
train_words, dev_words, test_words = random_split(
    words, [n1, n2 - n1, len(words) - n2], generator=torch.Generator().manual_seed(42)
)
Xtr, Ytr = build_dataset(train_words)
Xdev, Ydev = build_dataset(dev_words)
Xte, Yte = build_dataset(test_words)

n_embd = 10
n_hidden = 64
g = torch.Generator().manual_seed(seed)
C = torch.randn((vocab_size, n_embd), generator=g)
W1 = torch.randn((n_embd * block_size, n_hidden), generator=g) * (5 / 3) / ((n_embd * block_size) ** 0.5)
b1 = torch.randn(n_hidden, generator=g) * 0.01
W2 = torch.randn((n_hidden, vocab_size), generator=g) * 0.01
b2 = torch.randn(vocab_size, generator=g) * 0.01
g_bn = torch.Generator().manual_seed(seed)
batchn_gain = torch.randn((1, n_hidden), generator=g_bn) * 0.1 + 1.0
batchn_bias = torch.randn((1, n_hidden), generator=g_bn) * 0.1
parameters = [C, W1, b1, W2, b2, batchn_gain, batchn_bias]
for p in parameters:
    p.requires_grad = True

batch_size = 32
n = batch_size
steps = 20_000


def learning_rate(step):
    return 0.1 if step < steps / 2 else 0.01


# %% minibatch
ix = torch.randint(0, Xtr.shape[0], (batch_size,), generator=g)
Xb, Yb = Xtr[ix], Ytr[ix]

# %% forward
# embedding
emb = C[Xb]
emb_concat = emb.view(emb.shape[0], -1)
# linear
hprebn = emb_concat @ W1 + b1
# BatchNorm
bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
bndiff = hprebn - bnmeani
bndiff2 = bndiff**2
bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)
bnvar_inv = (bnvar + 1e-5) ** -0.5
bnraw = bndiff * bnvar_inv
hpreact = batchn_gain * bnraw + batchn_bias
# tanh
h = torch.tanh(hpreact)
# linear
logits = h @ W2 + b2
# softmax
logit_maxes = logits.max(1, keepdim=True).values
norm_logits = logits - logit_maxes
counts = norm_logits.exp()
counts_sum = counts.sum(1, keepdim=True)
counts_sum_inv = counts_sum**-1
probs = counts * counts_sum_inv
# loss
logprobs = probs.log()
loss = -logprobs[range(n), Yb].mean()

# %% calibrate
# BatchNorm's mean and variance over the whole training set: a single context has none of its own
hprebn_all = C[Xtr].view(Xtr.shape[0], -1) @ W1 + b1
bnmean = hprebn_all.mean(0, keepdim=True)
bnvar = hprebn_all.var(0, keepdim=True, unbiased=True)
context = [0] * block_size

# %% predict
emb = C[torch.as_tensor(context).view(-1, block_size)]
emb_concat = emb.view(emb.shape[0], -1)
hprebn = emb_concat @ W1 + b1
hpreact = batchn_gain * (hprebn - bnmean) * (bnvar + 1e-5) ** -0.5 + batchn_bias
h = torch.tanh(hpreact)
logits = h @ W2 + b2
