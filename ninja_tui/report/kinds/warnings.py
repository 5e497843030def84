"""What each warning beside a pass means."""

from __future__ import annotations

from collections.abc import Mapping

from ninja_tui.engine.protocol.verdict import Warning

WARNINGS: Mapping[Warning, str] = {
    Warning.SHAPE: "The right numbers, in a shape that broadcasting brings to the tensor's.",
    Warning.STRUCTURE: (
        "Right here, because it leans on a structure that an upstream gradient really has, such as being 0 at most"
        " entries. For any upstream gradient it would not be right."
    ),
    Warning.CLOSED_FORM: (
        "Right, and reads no upstream gradient: a formula for several steps at once, such as softmax minus one-hot."
    ),
    Warning.READS_GRAD: "A `.grad` is read on the way, and the answer is right.",
    Warning.ALIASING: "A later line changes this gradient by accident: `.clone()` is missing.",
    Warning.CLOBBERS: "It binds or changes a tensor of the forward pass, which other answers may need.",
    Warning.USES_AUTOGRAD: "`torch.autograd.grad` or `torch.func` computes it: right, and not by hand.",
    Warning.SCALED: (
        "A multiple of the gradient, as what is computed from it takes it to be: `dZ` without the `1/m` that comes"
        " later, or the gradient of a sum where the file has a mean."
    ),
    Warning.ONE_BRANCH: (
        "A step that reads the tensor has another branch (`relu`, `clamp`, `abs`), which no numbers that were tried"
        " take. That branch is not judged."
    ),
    Warning.SURROGATE: (
        "Not the derivative of what an `autograd.Function` computes, and it cannot be meant as that: the derivative is"
        " 0 nearly everywhere, as that of `sign` and `round` is, or the forward pass returns its input."
    ),
    Warning.SUMMED: (
        "An `autograd.Function`'s backward returns a gradient that is larger than its input, and autograd sums it."
        " Where the backward is called by something else, nobody does."
    ),
    Warning.CHANGES_UPSTREAM: (
        "An `autograd.Function`'s backward changes the upstream gradient in place, which others may read after it."
    ),
}
