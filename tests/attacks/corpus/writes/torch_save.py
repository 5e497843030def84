# Has PyTorch save a tensor.
import torch.serialization
torch.serialization.save(torch.zeros(3), "@CANARY@/made.pt")
