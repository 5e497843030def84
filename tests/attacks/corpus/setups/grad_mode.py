# Leaves modes of PyTorch on.
# others: broken
torch.inference_mode().__enter__()
torch.set_grad_enabled(False)
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
