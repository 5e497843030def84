"""Kinds of mistakes, and what is said of one."""

from __future__ import annotations

import enum
from dataclasses import dataclass


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
    MASK = "mask"
    CONSTANT_OFFSET = "constant-offset"
    WRONG_DTYPE = "wrong-dtype"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """A kind and its sentence. ``present`` are the consumers whose paths are in the answer; None if unknown."""

    kind: Kind
    message: str
    present: frozenset[int] | None = None

    def plain(self) -> dict[str, str]:
        """As in the JSON report."""
        return {"kind": str(self.kind), "message": self.message}
