# %% lesson: train
# %% logits
dlogits = (F.softmax(logits, 1) - F.one_hot(Yb, logits.shape[1])) / n
# %% h
dh = dlogits @ W2.T
# %% W2
dW2 = h.T @ dlogits
# %% b2
db2 = dlogits.sum(0)
# %% hpreact
dhpreact = torch.addcmul(torch.ones_like(h), h, h, value=-1) * dh
# %% bngain
dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
# %% bnbias
dbnbias = dhpreact.sum(0, keepdim=True)
# %% hprebn
dhprebn = bngain * bnvar_inv * (dhpreact - dbnbias / n - bnraw * (dbngain / (n - 1)))
# %% embcat
dembcat = dhprebn @ W1.T
# %% W1
dW1 = embcat.T @ dhprebn
# %% b1
db1 = dhprebn.sum(0)
# %% emb
demb = dembcat.view(emb.shape)
# %% C
dC = torch.zeros_like(C)
dC.index_put_((Xb,), demb, accumulate=True)
