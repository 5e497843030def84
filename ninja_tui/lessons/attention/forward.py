# %% [markdown]
# Two heads of causal self-attention: every character looks back at those before it, twice, and the next is predicted.

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
T = block_size
n_embd = 16
n_head = 2
head_size = 6
g = torch.Generator().manual_seed(seed)
C = torch.randn((vocab_size, n_embd), generator=g)
P = torch.randn((T, n_embd), generator=g) * 0.5
Wq = torch.randn((n_embd, n_head * head_size), generator=g) / n_embd**0.5
Wk = torch.randn((n_embd, n_head * head_size), generator=g) / n_embd**0.5
Wv = torch.randn((n_embd, n_head * head_size), generator=g) / n_embd**0.5
Wo = torch.randn((n_head * head_size, vocab_size), generator=g) * 0.1
parameters = [C, P, Wq, Wk, Wv, Wo]
for p in parameters:
    p.requires_grad = True

batch_size = 4
tril = torch.tril(torch.ones((T, T)))  # row: who looks; column: at whom
steps = 20_000


def learning_rate(step):
    return 0.3 if step < steps / 2 else 0.03


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
# two heads
qh = q.view(-1, T, n_head, head_size).transpose(1, 2)
kh = k.view(-1, T, n_head, head_size).transpose(1, 2)
vh = v.view(-1, T, n_head, head_size).transpose(1, 2)
# attention weights
scores = qh @ kh.transpose(2, 3) * head_size**-0.5
masked = scores.masked_fill(tril == 0, float("-inf"))
counts = masked.exp()
counts_sum = counts.sum(3, keepdim=True)
wei = counts / counts_sum
# weighted values, the heads side by side
outh = wei @ vh
out = outh.transpose(1, 2).flatten(2)
# linear
logits = out @ Wo
# loss
loss = F.cross_entropy(logits.view(-1, vocab_size), Yb.view(-1))
