# Has PyTorch's store for many processes make a file.
# control
torch.harm = torch.distributed.FileStore("@CANARY@/made", 1)
torch.harm.set("a", "b")
