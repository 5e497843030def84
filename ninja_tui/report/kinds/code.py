"""Mistakes in the code around a formula."""

from __future__ import annotations

from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.report.kinds.mistake import Example, Mistake
from ninja_tui.report.kinds.networks import BRANCH, DA, DS, LAYER

OF_CODE = (
    Mistake(
        Kind.ALIASING,
        "A later line changes the gradient too",
        "A warning, beside a gradient that passes: `du = ds` makes a second name for one tensor, so that a change in"
        " place of the one changes the other.",
        Example(
            BRANCH,
            "s",
            DS,
            wrong="dv = ds.clone()\ndu = ds\ndu += v * dv\n",
            message="line 4, `du += v * dv`, changes ds too: the two names are one tensor",
            right="dv = ds.clone()\ndu = ds.clone()\ndu += v * dv\n",
        ),
        "`.clone()` where a gradient is to be changed in place, or write the sum: `du = ds + v * dv`.",
    ),
    Mistake(
        Kind.CLOBBERED,
        "A tensor of the forward pass was overwritten",
        "An answer before this one has bound a name of the forward pass to something else, or has changed its tensor in"
        " place. With the tensor as it was the answer would be right.",
        Example(
            LAYER,
            "W",
            DA,
            wrong="x = 1 - a**2\ndh = x * da\ndxW = dh.clone()\ndW = x.T @ dxW\n",
            message="`x` is not the lesson's any more: line 2 bound or changed it before",
            right="slope = 1 - a**2\ndh = slope * da\ndxW = dh.clone()\ndW = x.T @ dxW\n",
        ),
        "Give what is only yours a name that the forward pass does not have.",
    ),
    Mistake(
        Kind.READS_GRAD,
        "A `.grad` is read",
        "The gradient is taken from autograd, where it is to be computed. Where answers run there is no `.grad`.",
        Example(
            LAYER,
            "a",
            "",
            wrong="da = a.grad\n",
            message="a `.grad` is empty here: the gradient is to be computed, not read",
            right="da = 2 * a / a.numel()\n",
        ),
        "Compute it. To see autograd's own gradient press `a` at the node.",
    ),
    Mistake(
        Kind.WRONG_DTYPE,
        "Another dtype than the tensor's",
        "A gradient has its tensor's dtype. Integers and booleans, or float64 beside float32, come in by literals,"
        " masks, and `.double()`. What has gone through float16 or bfloat16 on the way has lost most of its digits,"
        " also where `.float()` follows.",
        Example(
            LAYER,
            "a",
            "",
            wrong="da = 2 * a.double() / a.numel()\n",
            message="the gradient is float64, its tensor is float32",
            right="da = 2 * a / a.numel()\n",
        ),
        "Begin with `zeros_like` or `ones_like` of the tensor, and `.float()` a mask that is all there is.",
    ),
)
