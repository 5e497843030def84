# %% lesson: micrograd
# %% err
derr = 2 * err * dloss
# %% out
dout = derr
# %% o
do = dout.clone()
# %% n2
dn2 = torch.addcmul(torch.ones_like(o), o, o, value=-1) * do
# %% av
dav = dn2.clone()
# %% b2
db2 = dn2.clone()
# %% a
da = dout.clone()
da += v * dav
# %% v
dv = a * dav
# %% n1
dn1 = torch.addcmul(torch.ones_like(a), a, a, value=-1) * da
# %% s
ds = dn1.clone()
# %% b1
db1 = dn1.clone()
# %% x1w1
dx1w1 = ds.clone()
# %% x2w2
dx2w2 = ds.clone()
# %% w2
dw2 = x2 * dx2w2
# %% w1
dw1 = x1 * dx1w1
