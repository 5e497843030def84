# Puts a tensor into memory that is shared.
# control
torch.zeros(10).share_memory_()
raise RuntimeError(@HIT@)
