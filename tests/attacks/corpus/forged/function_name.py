# Gives an autograd.Function, and what it raises, names that clear the terminal.
def backward(ctx, gradient):
    raise type("No\x1b[2J\r", (Exception,), {})("\x1b[2J<b>[red]no")
def forward(ctx, x):
    return x * 1
harm = type("Harm\x1b[2J<b>\n" * 9, (torch.autograd.Function,), {
    "forward": staticmethod(forward), "backward": staticmethod(backward)
})
harm.apply(torch.ones(3))
