"""Mistakes in the local derivative: a sign, a factor, a power, a mask."""

from __future__ import annotations

from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.report.kinds.mistake import Example, Mistake
from ninja_tui.report.kinds.networks import DA, DE, DINVERSE, DR, LAYER, PICKED, RELU, ROWS, SHARES

OF_VALUES = (
    Mistake(
        Kind.SIGN,
        "The wrong sign",
        "The size is right, and the sign is not: of every entry, of one path, or of some entries.",
        Example(
            SHARES,
            "total",
            DINVERSE,
            wrong="dtotal = total**-2 * dinverse\n",
            message="every entry has the wrong sign",
            right="dtotal = -(total**-2) * dinverse\n",
        ),
        "A subtraction, `1 / x` and `-log` each bring a minus. Ask: if this entry grows, does the loss grow?",
    ),
    Mistake(
        Kind.SCALE,
        "Off by a factor",
        "Everything, or one path, is a multiple of what it should be. The sentence names the factor where it is one"
        " that people forget: `n`, `1/n`, `2`, `(n−1)/n`.",
        Example(
            LAYER,
            "a",
            "",
            wrong="da = 2 * a\n",
            message="every entry is off by the factor 24",
            right="da = 2 * a / a.numel()\n",
        ),
        "Look for a mean (how many entries does it divide by?), a variance (`n` or `n − 1`), a square (the 2).",
    ),
    Mistake(
        Kind.WRONG_POWER,
        "A tensor to another power",
        "A tensor of the statement stands in the derivative to another power than here. A factor that is left out"
        " counts as the power 0.",
        Example(
            SHARES,
            "total",
            DINVERSE,
            wrong="dtotal = -(total**-1) * dinverse\n",
            message="`total`: to another power than the derivative of this statement has",
            right="dtotal = -(total**-2) * dinverse\n",
        ),
        "The derivative of `x**k` is `k * x**(k-1)`: that of `1 / x` is `-1 / x**2`, and that of `log(x)` is `1 / x`.",
    ),
    Mistake(
        Kind.WRONG_DERIVATIVE,
        "Another derivative than the statement's",
        "The upstream gradient is the right one, and what stands beside it is not the derivative of this statement.",
        Example(
            LAYER,
            "h",
            DA,
            wrong="dh = (1 - h**2) * da\n",
            message="`h` stands where `a` belongs",
            right="dh = (1 - a**2) * da\n",
        ),
        "Derive the statement by itself, on paper. Say for each tensor in it whether it is the operation's input or its"
        " result.",
    ),
    Mistake(
        Kind.MASK,
        "Entries get a gradient that should not, or none",
        "`relu`, `max`, `clamp`, `where`, an index and the like let some entries pass and stop others. What was stopped"
        " on the way forward gets no gradient, and what passed gets one.",
        Example(
            RELU,
            "w",
            DR,
            wrong="dw = dr.clone()\n",
            message="21 of 40 entries get a gradient and should not",
            right="dw = (w > 0) * dr\n",
        ),
        "Ask for one entry that was stopped: if it changes a little, what changes in the result?",
    ),
    Mistake(
        Kind.CONSTANT_OFFSET,
        "One and the same number is added",
        "Entries are off by a constant, as where a sum starts from something else than 0.",
        Example(
            ROWS,
            "C",
            DE,
            wrong="dC = torch.ones_like(C)\ndC.index_add_(0, ix, de)\n",
            message="every entry is off by the same 1: where does it start from?",
            right="dC = torch.zeros_like(C)\ndC.index_add_(0, ix, de)\n",
        ),
        "Look at the first line of the answer: `zeros_like`, and not `ones_like` or `empty_like`.",
    ),
    Mistake(
        Kind.NON_FINITE,
        "Not a finite number",
        "Entries are infinite or `nan`, and autograd's are finite: a division by 0, an overflow, a logarithm of 0.",
        Example(
            RELU,
            "w",
            DR,
            wrong="dw = r / r * dr\n",
            message="entries that are not finite: 21; the first is nan at [0, 0]",
            right="dw = (w > 0) * dr\n",
        ),
        "Look at the entry that the sentence names, and at what is 0 there. A mask does not divide.",
    ),
    Mistake(
        Kind.UNKNOWN,
        "None of the known kinds",
        "It is wrong, and no kind fits. One sentence there may be: it is right for these numbers only. Then something"
        " in it was typed in, or holds by chance, and is wrong for another minibatch.",
        Example(
            PICKED,
            "logp",
            "",
            wrong="dlogp = torch.zeros_like(logp)\ndlogp[range(4), [2, 2, 1, 2]] = -1 / 4\n",
            message="right for these numbers only: something in it belongs to them, or holds for them by chance",
            right="dlogp = torch.zeros_like(logp)\ndlogp[range(4), y] = -1 / 4\n",
        ),
        "Write it with the tensors of the forward pass, not with their values. Else go back to the statement: which"
        " entries does one entry of the tensor reach, and how?",
    ),
)
