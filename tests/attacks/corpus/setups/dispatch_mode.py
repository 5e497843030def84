# Leaves a mode on that sees every operation.
# others: broken
from torch.utils._python_dispatch import TorchDispatchMode
class Harm(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return torch.zeros(1)
torch.harm = Harm()
torch.harm.__enter__()
