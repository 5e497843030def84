"""Scripts with an ``autograd.Function`` whose backward is wrong: the argument, and the kind of mistake."""

from __future__ import annotations

from ninja_tui.engine.protocol.verdict import Kind
from tests.engine.own_functions.right import RIGHT


def changed(name: str, old: str, new: str) -> str:
    """A right script with one mistake."""
    text = RIGHT[name]
    assert text.count(old) == 1, (name, old)
    return text.replace(old, new)


Mistake = tuple[str, str, Kind]
WRONG: dict[str, Mistake] = {
    "sign": (changed("saved tensors", "(s + x", "-(s + x"), "x", Kind.SIGN),
    "sign of a term": (changed("saved tensors", "(s + x", "(s - x"), "x", Kind.SIGN),
    "factor": (changed("an attribute of ctx", "2 * ctx.x", "ctx.x"), "x", Kind.SCALE),
    "a term is missing": (changed("saved tensors", "(s + x * s * (1 - s))", "s"), "x", Kind.MISSING_PATH),
    "no upstream": (changed("an output that is saved, and an import of the name", "grad_output * result", "result"),
                    "i", Kind.NO_UPSTREAM),
    "wrong order": (changed("the same tensor twice", "g * b, g * a", "g * a, g * b"), "a", Kind.WRONG_DERIVATIVE),
    "one of two": (changed("in a module, in a loop that trains", "(g * x).sum(0)", "(g * x).sum(0) * 2"),
                   "scale", Kind.SCALE),
    "wrong where it is negative": (changed("a kink, with zeros among the inputs", "grad_input[input <= 0] = 0", "pass"),
                                   "input", Kind.MASK),
    "None for an input that needs one": (changed("the same tensor twice", "g * b, g * a", "g * b, None"),
                                         "b", Kind.MISSING_PATH),
    "mean for sum": (changed("in a module, in a loop that trains", "(g * x).sum(0)", "(g * x).mean(0)"),
                     "scale", Kind.SCALE),
    "transposed": (changed("needs_input_grad, and a transposed weight", "grad_output.t().mm(input)",
                           "input.t().mm(grad_output)"), "weight", Kind.SHAPE),
    "an output's gradient is left out": (changed("an output that was computed from another", "(gh + gy * 2 * h)", "gh"),
                                         "x", Kind.MISSING_PATH),
    "another output's gradient": (changed("several outputs, of which one is not used", "- gc * x.sin()",
                                          "+ gc * x.sin()"), "x", Kind.SIGN),
    "a wrong power": (changed("arguments that are no tensors", "ctx.n * x ** (ctx.n - 1)", "ctx.n * x ** ctx.n"),
                      "x", Kind.WRONG_POWER),
    "lost duplicates": (changed("an embedding", "grad.index_add_(0, ix.view(-1), g.reshape(-1, ctx.shape[1]))",
                                "grad[ix.view(-1)] = g.reshape(-1, ctx.shape[1])"), "table", Kind.LOST_DUPLICATES),
    "not over the number of rows": (changed("labels, and a softmax", "g * grad / n", "g * grad"),
                                    "logits", Kind.SCALE),
    "upstream taken for 1": (changed("labels, and a softmax", "g * grad / n", "grad / n"),
                             "logits", Kind.NO_UPSTREAM),
    "a mask is forgotten": (changed("dropout", "return g * mask, None", "return g, None"), "x", Kind.WRONG_POWER),
    "only one path of a batch norm": (changed("batch norm", "(n * dxhat - dxhat.sum(0) - xhat * (dxhat * xhat).sum(0))",
                                              "(n * dxhat - dxhat.sum(0))"), "x", Kind.MISSING_PATH),
    "wrong derivative": (changed("once_differentiable", "(1 - y ** 2)", "(1 - y)"), "x", Kind.WRONG_POWER),
    "wrong in the branch that was not taken": (changed("a branch in Python", "else g * -3\na", "else g * 3\na"),
                                               "x", Kind.SIGN),
    "only forward": (changed("only forward", "2 * x * g", "x * g"), "x", Kind.SCALE),
    "in place": (changed("in place", "return g * y", "return -g * y"), "x", Kind.SIGN),
    "of a number": (changed("a number", "g * b, g * a", "g * b, -g * a"), "b", Kind.SIGN),
    "abs of the upstream": (changed("once_differentiable", "g * (1", "g.abs() * (1"), "x", Kind.SIGN),
    "clamped upstream": (changed("once_differentiable", "g * (1", "g.clamp(-1, 1) * (1"), "x", Kind.WRONG_DERIVATIVE),
    "by autograd, of another function": (changed("backward by autograd", "y = (again", "y = 2 * (again"),
                                         "x", Kind.SCALE),
    "numbers typed in": (changed("a global of the file", "return g * table",
                                 "return g * torch.tensor([-1.0, -0.3, 0.3, 1.0])"), "x", Kind.WRONG_DERIVATIVE),
    "a view that is turned": (changed("a view", "return g.view(ctx.shape)", "return g.view(ctx.shape).flip(0)"),
                              "x", Kind.WRONG_DERIVATIVE),
    "only where numbers are large": (changed("saved tensors", "return grad_output * (s + x * s * (1 - s))",
                                             "return grad_output * (s + x * s * (1 - s)) * (x < 20)"),
                                     "x", Kind.MASK),
    "a gate without its derivative": (changed("two steps of an LSTM cell", "df = dnew * c * f * (1 - f)",
                                              "df = dnew * c * f"), "gates", Kind.WRONG_DERIVATIVE),
    "a path through an output that one step did not use": (
        changed("two steps of an LSTM cell", "dnew = dc + dh * o * (1 - t * t)", "dnew = dh * o * (1 - t * t)"),
        "c", Kind.MISSING_PATH),
    "within torch.func": (changed("within torch.func", "g * x.cos()", "-g * x.cos()"), "x", Kind.SIGN),
    "a path to a norm of one entry": (
        changed("a norm of one entry, which is always 0", "dh - dh.mean(-1, keepdim=True) - h", "dh - h"),
        "x", Kind.EXTRA_PATH),
    "a factor that is always 0": (changed("a norm of one entry, which is always 0", "(g * h).sum(0)", "g.sum(0)"),
                                  "gain", Kind.EXTRA_PATH),
    "what nothing depends on": (changed("None where the gradient is 0 up to rounding", "keepdim=True)), None",
                                        "keepdim=True)), g[:, :1]"), "shift", Kind.UNKNOWN),
    "two that go through, in the wrong order": (changed("inputs that go through as they are", "return ga, gb",
                                                        "return gb, ga"), "a", Kind.WRONG_DERIVATIVE),
    "beside numbers that are printed": (
        changed("numbers that are printed and kept, and come to nothing", "(s + x * s", "(s - x * s"), "x", Kind.SIGN),
    "a factor, beside numbers that are printed": (
        changed("numbers that are printed and kept, and come to nothing", "(g * x * s)", "(g * x)"),
        "scale", Kind.WRONG_DERIVATIVE),
    "beside a change in place": (changed("a number that is printed before a change in place", "return 2 * g",
                                         "return g"), "x", Kind.SCALE),
    "in a checkpoint": (
        changed("in a checkpoint, which computes again what was saved", "2 * g * x * (x > 0)", "g * x * (x > 0)"),
        "x", Kind.SCALE),
    "in a checkpoint, where it is negative": (
        changed("in a checkpoint, which computes again what was saved", "2 * g * x * (x > 0)", "2 * g * x"),
        "x", Kind.MASK),
}  # fmt: skip
