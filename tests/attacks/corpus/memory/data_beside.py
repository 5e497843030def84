# Opens a large file without contents.
# form: script
raise RuntimeError(len(open("large.bin", "rb").read()))
# %% beside: large.bin -> SPARSE
