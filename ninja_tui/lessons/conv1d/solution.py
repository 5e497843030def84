# %% lesson: conv1d
# %% logits
dlogits = F.softmax(logits, 1)
dlogits[range(n), Yb] -= 1
dlogits /= n
# %% hcat
dhcat = dlogits @ W2.T
# %% W2
dW2 = hcat.T @ dlogits
# %% b2
db2 = dlogits.sum(0)
# %% h
dh = dhcat.view(h.shape)
# %% conv
dconv = (conv > 0) * dh
# %% cols
dcols = dconv @ Wc.T
# %% Wc
dWc = cols.flatten(0, 1).T @ dconv.flatten(0, 1)
# %% bc
dbc = dconv.sum((0, 1))
# %% win
dwin = dcols.view(win.shape)
# %% emb
demb = torch.zeros_like(emb)
for offset in range(kernel_size):
    demb[:, offset : offset + n_windows] += dwin[:, :, :, offset]
# %% C
dC = torch.zeros_like(C)
dC.index_put_((Xb,), demb, accumulate=True)
