"""The verdict on an answer, and the kinds of mistakes."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from ninja_tui.lesson.model import gradient_name
from ninja_tui.lesson.syntax.code_error import CodeError

ADRIFT = 1e-6
"""Relative difference beyond which a chained gradient is not just rounding."""


class Status(enum.StrEnum):
    """The outcome of an answer. Missing is never a pass."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    TIMEOUT = "timeout"
    MISSING = "missing"


class Warning(enum.StrEnum):
    """What is worth a word beside a pass."""

    SHAPE = "shape"
    STRUCTURE = "structure"
    CLOSED_FORM = "closed-form"
    READS_GRAD = "reads-grad"
    ALIASING = "aliasing"
    CLOBBERS = "clobbers"
    USES_AUTOGRAD = "uses-autograd"
    """Autograd, or ``torch.func``, inside an answer."""
    SCALED = "scaled"
    """Right for a loss that is a multiple of the one here, as of a sum where the file has a mean."""
    ONE_BRANCH = "one-branch"
    """Not judged where the tensor would take another branch of a ``clamp``, ``relu`` or the like."""
    SURROGATE = "surrogate"
    """A ``Function``'s backward that cannot be meant as the derivative of its forward."""
    SUMMED = "summed-by-autograd"
    """A ``Function``'s backward returns a gradient that autograd sums to the shape of its input."""
    CHANGES_UPSTREAM = "changes-upstream"
    """A ``Function``'s backward changes in place a gradient that others may read."""


WARNING_WORDS = {
    Warning.USES_AUTOGRAD: "autograd computes it inside the answer: right, and not by hand",
    Warning.ONE_BRANCH: (
        "one branch of a step that reads this tensor is never taken, whatever the numbers tried: it is not judged"
    ),
    Warning.SURROGATE: "surrogate gradient: not the derivative of its forward, and meant to be another",
    Warning.SUMMED: "summed by autograd to the shape of the input, which a backward should do itself",
    Warning.CHANGES_UPSTREAM: "changes upstream gradients in place, which others may read",
    Warning.SCALED: "right up to a factor, by which the loss is scaled",
}
"""A sentence for a warning that no other message speaks of."""


class Kind(enum.StrEnum):
    """The kinds of mistake."""

    SHAPE = "shape"
    NOT_SUMMED = "not-summed"
    OVER_SUMMED = "over-summed"
    TRANSPOSED = "transposed"
    SIGN = "sign"
    SCALE = "scale"
    MISSING_PATH = "missing-path"
    EXTRA_PATH = "extra-path"
    NO_UPSTREAM = "no-upstream"
    ELEMENTWISE = "elementwise-for-matmul"
    LOST_DUPLICATES = "lost-duplicates"
    ALIASING = "aliasing"
    CLOBBERED = "clobbered"
    READS_GRAD = "reads-grad"
    NON_FINITE = "non-finite"
    WRONG_POWER = "wrong-power"
    WRONG_DERIVATIVE = "wrong-derivative"
    """The upstream gradient is the right one; what stands beside it is not the statement's derivative."""
    MASK = "mask"
    """Entries get a gradient that should not, or get none that should."""
    CONSTANT_OFFSET = "constant-offset"
    WRONG_DTYPE = "wrong-dtype"
    CIRCULAR = "circular"
    """The answer reads gradients that come later in the walk."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Diagnosis:
    """What kind of wrong, and one sentence on it that does not tell the answer."""

    kind: Kind
    message: str


@dataclass(frozen=True)
class Path:
    """One path of a gradient: the names that the consumer binds, and whether its part is in the answer."""

    consumer: tuple[str, ...]
    present: bool


class Upstream(enum.StrEnum):
    """Whose upstream gradients a live evaluation uses."""

    PASSING = "yours where they pass"
    YOURS = "all yours"
    REFERENCE = "all reference"


@dataclass(frozen=True)
class Watched:
    """What an expression that binds no name came to: its ``kind``, a class's name, and how Python writes it.

    Of a tensor its shape, and its first ``elements``, row by row, in the place of that.
    """

    kind: str
    text: str = ""
    shape: tuple[int, ...] | None = None
    elements: tuple[float, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """One answer judged.

    ``exact``, ``approximate`` and ``maxdiff`` are what the notebook's ``cmp`` gives in float32; ``maxdiff`` is
    None where the shapes do not broadcast. ``relative`` is the largest difference in float64 over the gradient's
    largest entry, ``chained`` the same with the person's own gradients upstream. ``vacuous``: that gradient is 0
    up to rounding. ``probe`` says what holds for other upstream gradients, ``leans`` names those whose
    structure it leans on, ``note`` says why ``cmp`` and the status disagree. ``line`` counts in the solutions file;
    ``seconds`` is how long the answer ran. While it is typed, ``raised`` is the error with its place in the code, and
    ``watched`` what a bare expression came to: that alone, with the status MISSING, where it cannot be the gradient.
    """

    node: str
    status: Status
    expected_shape: tuple[int, ...]
    line: int | None = None
    shape: tuple[int, ...] | None = None
    exact: bool = False
    approximate: bool = False
    maxdiff: float | None = None
    relative: float | None = None
    warnings: tuple[Warning, ...] = ()
    diagnosis: Diagnosis | None = None
    vacuous: bool = False
    chained: float | None = None
    probe: str | None = None
    leans: tuple[str, ...] = ()
    note: str | None = None
    paths: tuple[Path, ...] = ()
    error: str | None = None
    output: str = ""
    seconds: float = 0.0
    named: str | None = None
    raised: CodeError | None = None
    watched: Watched | None = None

    @property
    def gradient(self) -> str:
        """The name that the answer binds: ``named``, where it is not ``d<node>``."""
        return self.named or gradient_name(self.node)

    @property
    def adrift(self) -> bool:
        """Whether it is right, and what training would see is wrong all the same, by what is upstream."""
        chained = self.chained or 0.0
        return self.passed and not self.vacuous and (chained > ADRIFT or math.isnan(chained))

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.status is Status.PASS
