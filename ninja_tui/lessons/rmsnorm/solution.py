# %% lesson: rmsnorm
# %% err
derr = 1.0 / err.numel() * (2 * err)
# %% pred
dpred = derr.clone()
# %% h
dh = dpred @ W2.T
# %% W2
dW2 = h.T @ dpred
# %% sig
dsig = hnorm * dh
# %% hnorm
dhnorm = sig * dh
dhnorm += dsig * (1.0 - sig) * sig
# %% gain
dgain = (norm * dhnorm).sum(0)
# %% norm
dnorm = gain * dhnorm
# %% rms_inv
drms_inv = (hpre * dnorm).sum(1, keepdim=True)
# %% ms
dms = (-0.5 * (ms + eps) ** -1.5) * drms_inv
# %% hsq
dhsq = dms.expand(hsq.shape) / n_hidden
# %% hpre
dhpre = rms_inv * dnorm
dhpre += (2 * hpre) * dhsq
# %% W1
dW1 = X.T @ dhpre
