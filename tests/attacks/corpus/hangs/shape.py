# Gives a tensor that never tells its shape.
class Harm(torch.Tensor):
    @property
    def shape(self):
        while True:
            pass
return torch.zeros(3).as_subclass(Harm)
