"""Scripts of one's own judged in the test's own process, as ``--replay`` judges them in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.engine.evaluate.own_file import JudgedProgram, OwnFileJudge
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.lesson.notebook.cells import source_of
from ninja_tui.lesson.notebook.own_program import own_program
from tests.engine.in_process import InProcess

WHERE = Path("script.py")


@dataclass(frozen=True)
class Rows:
    """The rows of a report, of all backward passes."""

    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]

    @property
    def passing(self) -> list[str]:
        """The gradients that pass, in order."""
        return [each.gradient for each in self.verdicts if each.passed]

    @property
    def failing(self) -> list[str]:
        """The gradients that do not, in order."""
        return [each.gradient for each in self.verdicts if not each.passed]

    @property
    def nodes(self) -> list[str]:
        """The tensors whose gradients they are."""
        return [each.node for each in self.verdicts]

    def told(self) -> str:
        """The rows as text, for a test that fails."""
        lines = [
            f"{each.line}: {each.gradient} of {each.node}: {each.status}"
            f" {[str(w) for w in each.warnings] or ''} {each.diagnosis or ''} {each.error or ''}"
            for each in self.verdicts
        ]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def judged(text: str, path: Path = WHERE, served: Mapping[str, str] | None = None, seed: int | None = None) -> Rows:
    """What ``--replay`` says of the script ``text``; raises UsageError as it does."""
    program = own_program(source_of(path, text))
    done: JudgedProgram = OwnFileJudge(program, dict(served or {}), seed, 30.0, InProcess).judge()
    verdicts = tuple(verdict for each in done.passes for verdict in each.verdicts)
    return Rows(verdicts, (*program.notes, *done.notes))
