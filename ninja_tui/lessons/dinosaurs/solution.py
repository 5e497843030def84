# %% lesson: dinosaurs
# %% logprobs
dlogprobs = torch.zeros_like(logprobs)
dlogprobs[range(n), Yb] = -1.0 / n
# %% probs
dprobs = (1.0 / probs) * dlogprobs
# %% counts_sum_inv
dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
# %% counts_sum
dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv
# %% counts
dcounts = counts_sum_inv * dprobs
dcounts += torch.ones_like(counts) * dcounts_sum
# %% norm_logits
dnorm_logits = counts * dcounts
# %% logit_maxes
dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)
# %% logits
dlogits = dnorm_logits.clone()
dlogits += F.one_hot(logits.max(1).indices, num_classes=logits.shape[1]) * dlogit_maxes
# %% h
dh = dlogits @ W2.T
# %% W2
dW2 = h.T @ dlogits
# %% b2
db2 = dlogits.sum(0)
# %% hpreact
dhpreact = torch.addcmul(torch.ones_like(h), h, h, value=-1) * dh
# %% batchn_gain
dbatchn_gain = (bnraw * dhpreact).sum(0, keepdim=True)
# %% bnraw
dbnraw = batchn_gain * dhpreact
# %% batchn_bias
dbatchn_bias = dhpreact.sum(0, keepdim=True)
# %% bnvar_inv
dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)
# %% bnvar
dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
# %% bndiff2
dbndiff2 = (1.0 / (n - 1)) * torch.ones_like(bndiff2) * dbnvar
# %% bndiff
dbndiff = bnvar_inv * dbnraw
dbndiff += (2 * bndiff) * dbndiff2
# %% bnmeani
dbnmeani = (-dbndiff).sum(0, keepdim=True)
# %% hprebn
dhprebn = dbndiff.clone()
dhprebn += 1.0 / n * (torch.ones_like(hprebn) * dbnmeani)
# %% emb_concat
demb_concat = dhprebn @ W1.T
# %% W1
dW1 = emb_concat.T @ dhprebn
# %% b1
db1 = dhprebn.sum(0)
# %% emb
demb = demb_concat.view(emb.shape)
# %% C
dC = torch.zeros_like(C)
dC.index_put_((Xb,), demb, accumulate=True)
