# %% lesson: rnn
# %% logits
dlogits = F.softmax(logits, 1)
dlogits[range(n), Yb] -= 1
dlogits /= n
# %% h3
dh3 = dlogits @ Why.T
# %% Why
dWhy = h3.T @ dlogits
# %% by
dby = dlogits.sum(0)
# %% a3
da3 = (1.0 - h3**2) * dh3
# %% h2
dh2 = da3 @ Whh.T
# %% a2
da2 = (1.0 - h2**2) * dh2
# %% h1
dh1 = da2 @ Whh.T
# %% a1
da1 = (1.0 - h1**2) * dh1
# %% emb
demb = torch.zeros_like(emb)
demb[:, 0] = da1 @ Wxh.T
demb[:, 1] = da2 @ Wxh.T
demb[:, 2] = da3 @ Wxh.T
# %% Wxh
dWxh = emb[:, 2].T @ da3
dWxh += emb[:, 1].T @ da2
dWxh += emb[:, 0].T @ da1
# %% h0
dh0 = da1.sum(0, keepdim=True) @ Whh.T
# %% Whh
dWhh = h2.T @ da3
dWhh += h1.T @ da2
dWhh += h0.T @ da1.sum(0, keepdim=True)
# %% bh
dbh = da3.sum(0)
dbh += da2.sum(0)
dbh += da1.sum(0)
# %% C
dC = torch.zeros_like(C)
dC.index_put_((Xb,), demb, accumulate=True)
