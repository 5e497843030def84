"""A mistake that was recognized in an answer."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.protocol.verdict import Diagnosis, Kind


@dataclass(frozen=True)
class Finding:
    """A kind and its sentence. ``present`` are the consumers whose paths are in the answer; None if unknown."""

    kind: Kind
    message: str
    present: frozenset[int] | None = None

    @property
    def diagnosis(self) -> Diagnosis:
        """What the verdict says of it."""
        return Diagnosis(self.kind, self.message)
