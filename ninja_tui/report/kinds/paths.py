"""Mistakes in the sum over paths, and in what flows in."""

from __future__ import annotations

from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.report.kinds.mistake import Example, Mistake
from ninja_tui.report.kinds.networks import BRANCH, DA, DE, DV, LAYER, ROWS

OF_PATHS = (
    Mistake(
        Kind.MISSING_PATH,
        "A path is missing",
        "Several statements read the tensor, and each gives a part of its gradient. One part at least is not there.",
        Example(
            BRANCH,
            "u",
            DV,
            wrong="du = ds.clone()\n",
            message="1 of 2 paths; missing: the one through `v`",
            right="du = ds + v * dv\n",
        ),
        "Find every statement that reads the tensor, and add what flows back from each.",
    ),
    Mistake(
        Kind.EXTRA_PATH,
        "A path too many",
        "A part is counted twice, or a gradient is in it that does not belong there.",
        Example(
            BRANCH,
            "u",
            DV,
            wrong="du = ds + v * dv\ndu += ds\n",
            message="the path through `s` is counted twice",
            right="du = ds + v * dv\n",
        ),
        "One part for each time that a statement reads the tensor. Look for a `+=` that runs twice, as a cell of a"
        " notebook does that is run again.",
    ),
    Mistake(
        Kind.NO_UPSTREAM,
        "The upstream gradient is not there",
        "It is the local derivative alone, or another gradient stands where the upstream gradient belongs. The chain"
        " rule multiplies what flows in from the statement that reads the tensor.",
        Example(
            LAYER,
            "h",
            DA,
            wrong="dh = 1 - a**2\n",
            message="the local derivative alone, without the upstream gradient da",
            right="dh = (1 - a**2) * da\n",
        ),
        "Which statement reads the tensor, and what does it bind? The gradient of that is the upstream gradient, and"
        " is a factor of the answer.",
    ),
    Mistake(
        Kind.LOST_DUPLICATES,
        "Entries that are read several times get one part only",
        "An index picks some entries more than once. `dC[ix] = …`, and `dC[ix] += …` too, write each entry once, so"
        " that all parts but one are lost.",
        Example(
            ROWS,
            "C",
            DE,
            wrong="dC = torch.zeros_like(C)\ndC[ix] += de\n",
            message="entries of `C` that are read more than once (up to 3 times) do not get the sum of it all",
            right="dC = torch.zeros_like(C)\ndC.index_add_(0, ix, de)\n",
        ),
        "`index_add_`, `index_put_(…, accumulate=True)` and a loop with `+=` add up; an indexed assignment does not.",
    ),
    Mistake(
        Kind.CIRCULAR,
        "Computed from a gradient that comes later",
        "The walk goes back from the loss. The answer reads a gradient that is itself computed from this one.",
        Example(
            LAYER,
            "a",
            "dh = 2 * a * (1 - a**2) / a.numel()\n",
            wrong="da = dh / (1 - a**2)\n",
            message="dh comes later on the way back, and is computed from this gradient",
            right="da = 2 * a / a.numel()\n",
        ),
        "Use the gradients of what the tensor's readers bind: those stand nearer to the loss.",
    ),
)
