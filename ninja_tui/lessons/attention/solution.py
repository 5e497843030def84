# %% lesson: attention
# %% logits
dlogits = (F.softmax(logits, 2) - F.one_hot(Yb, vocab_size)) / Yb.numel()
# %% out
dout = dlogits @ Wo.T
# %% Wo
dWo = out.view(-1, head_size).T @ dlogits.view(-1, vocab_size)
# %% att
datt = dout @ v.transpose(1, 2)
# %% v
dv = att.transpose(1, 2) @ dout
# %% masked
dmasked = att * (datt - (att * datt).sum(2, keepdim=True))
# %% scores
dscores = dmasked.masked_fill(future, 0.0)
# %% q
dq = dscores * head_size**-0.5 @ k
# %% k
dk = (dscores * head_size**-0.5).transpose(1, 2) @ q
# %% x
dx = dv @ Wv.T
dx += dk @ Wk.T
dx += dq @ Wq.T
# %% Wv
dWv = x.view(-1, n_embd).T @ dv.view(-1, head_size)
# %% Wk
dWk = x.view(-1, n_embd).T @ dk.view(-1, head_size)
# %% Wq
dWq = x.view(-1, n_embd).T @ dq.view(-1, head_size)
# %% tok
dtok = dx.clone()
# %% P
dP = dx.sum(0)
# %% C
dC = torch.zeros_like(C)
dC.index_put_((Xb,), dtok, accumulate=True)
