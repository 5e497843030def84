"""A mistake that was recognized in an answer."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.protocol.verdict import Kind


@dataclass(frozen=True)
class Finding:
    """A kind and its sentence. ``present`` are the consumers whose paths are in the answer; None if unknown."""

    kind: Kind
    message: str
    present: frozenset[int] | None = None

    def plain(self) -> dict[str, str]:
        """As in the JSON report."""
        return {"kind": str(self.kind), "message": self.message}
