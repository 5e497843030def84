# %% lesson: attention
# %% logits
dlogits = (F.softmax(logits, 2) - F.one_hot(Yb, vocab_size)) / Yb.numel()
# %% out
dout = dlogits @ Wo.T
# %% Wo
dWo = out.flatten(0, 1).T @ dlogits.flatten(0, 1)
# %% outh
douth = dout.view(-1, T, n_head, head_size).transpose(1, 2)
# %% wei
dwei = douth @ vh.transpose(2, 3)
# %% vh
dvh = wei.transpose(2, 3) @ douth
# %% counts_sum
dcounts_sum = (-counts / counts_sum**2 * dwei).sum(3, keepdim=True)
# %% counts
dcounts = dwei / counts_sum
dcounts += dcounts_sum.expand(counts.shape)
# %% masked
dmasked = counts * dcounts
# %% scores
dscores = dmasked.masked_fill(tril == 0, 0.0)
# %% qh
dqh = dscores * head_size**-0.5 @ kh
# %% kh
dkh = (dscores * head_size**-0.5).transpose(2, 3) @ qh
# %% v
dv = dvh.transpose(1, 2).flatten(2)
# %% k
dk = dkh.transpose(1, 2).flatten(2)
# %% q
dq = dqh.transpose(1, 2).flatten(2)
# %% Wv
dWv = x.flatten(0, 1).T @ dv.flatten(0, 1)
# %% Wk
dWk = x.flatten(0, 1).T @ dk.flatten(0, 1)
# %% x
dx = dv @ Wv.T
dx += dk @ Wk.T
dx += dq @ Wq.T
# %% Wq
dWq = x.flatten(0, 1).T @ dq.flatten(0, 1)
# %% tok
dtok = dx.clone()
# %% P
dP = dx.sum(0)
# %% C
dC = torch.zeros_like(C)
dC.index_put_((Xb,), dtok, accumulate=True)
