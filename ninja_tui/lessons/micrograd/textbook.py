# %% lesson: micrograd
# %% n2
dn2 = (1 - o**2) * do
# %% n1
dn1 = (1 - a**2) * da
