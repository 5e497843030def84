# Opens a named pipe, to which nobody writes.
# form: script
raise RuntimeError(len(open("pipe.txt").read()))
# %% beside: pipe.txt -> PIPE
