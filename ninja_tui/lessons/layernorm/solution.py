# %% lesson: layernorm
# %% err
derr = 1.0 / err.numel() * (2 * err)
# %% pred
dpred = derr.clone()
# %% h
dh = dpred @ W2.T
# %% W2
dW2 = h.T @ dpred
# %% b2
db2 = dpred.sum(0)
# %% hnorm
dhnorm = (h > 0) * dh
# %% gain
dgain = (norm * dhnorm).sum(0)
# %% norm
dnorm = gain * dhnorm
# %% bias
dbias = dhnorm.sum(0)
# %% var_inv
dvar_inv = (diff * dnorm).sum(1, keepdim=True)
# %% var
dvar = (-0.5 * (var + 1e-5) ** -1.5) * dvar_inv
# %% diff2
ddiff2 = dvar.expand(diff2.shape) / n_hidden
# %% diff
ddiff = var_inv * dnorm
ddiff += (2 * diff) * ddiff2
# %% mu
dmu = (-ddiff).sum(1, keepdim=True)
# %% hpre
dhpre = ddiff.clone()
dhpre += dmu.expand(hpre.shape) / n_hidden
# %% W1
dW1 = X.T @ dhpre
# %% b1
db1 = dhpre.sum(0)
