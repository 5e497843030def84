# Has an autograd.Function whose class lies about all that is asked of it.
class Lies(type(torch.autograd.Function)):
    def __getattribute__(cls, name):
        if name in ("__name__", "__module__", "setup_context"):
            raise SystemExit(0)
        return super().__getattribute__(name)
    def __hash__(cls):
        raise MemoryError
class Harm(torch.autograd.Function, metaclass=Lies):
    @staticmethod
    def forward(ctx, x):
        return x * 1
    @staticmethod
    def backward(ctx, gradient):
        return gradient
Harm.apply(torch.ones(3))
