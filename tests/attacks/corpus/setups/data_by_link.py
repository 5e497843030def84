# Opens data by a link to a file elsewhere.
# form: script
raise RuntimeError(open("linked.txt").read())
# %% beside: linked.txt -> @SECRET@
