# Has a module beside the file that takes the place of PyTorch.
# form: script
import torch
# %% beside: torch.py
import posix
posix.mkdir("@CANARY@/made")
