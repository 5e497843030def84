# Opens a device by a link, which never ends.
# form: script
raise RuntimeError(len(open("zeros.txt").read()))
# %% beside: zeros.txt -> /dev/zero
