"""What the prompt shows of the code in it: a status line, one sentence, and facts."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from textual.content import Content

from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.formatting import number_text
from ninja_tui.tui.style import STATUS_SIGNS, STATUS_STYLES, yes_no


class Tone(enum.Enum):
    """The colour of the sentence, as a style."""

    PLAIN = ""
    DIM = "dim"
    GOOD = "$text-success"
    WARNING = "$text-warning"
    ERROR = "$text-error"


@dataclass(frozen=True)
class Feedback:
    """On the code in the prompt: its verdict, one sentence (``message``), and ``facts``, one a line."""

    expected_shape: tuple[int, ...] | None = None
    verdict: Verdict | None = None
    message: str = ""
    running: bool = False
    tone: Tone = Tone.DIM
    facts: tuple[str, ...] = ()


def feedback_lines(feedback: Feedback) -> list[Content]:
    """All lines from top to bottom, each still to be wrapped."""
    lines = [] if feedback.expected_shape is None else [_status_line(feedback, feedback.expected_shape)]
    lines += [Content.styled(line, feedback.tone.value) for line in feedback.message.split("\n") if line]
    return [*lines, *(Content.styled(fact, "dim") for fact in feedback.facts)]


def _status_line(feedback: Feedback, expected: tuple[int, ...]) -> Content:
    verdict = feedback.verdict
    if feedback.running:
        return Content.styled(f"… running   shape needed {expected}", "dim")
    if verdict is None:
        return Content.styled(f"· shape needed {expected}", "dim")
    status = (f"{STATUS_SIGNS[verdict.status]} {verdict.status}", STATUS_STYLES[verdict.status])
    if verdict.shape is None:
        return Content.assemble(status, (f"   shape needed {expected}", "dim"))
    fits = verdict.shape == verdict.expected_shape
    shape = (
        [(f"✓ {verdict.shape}", "")] if fits else [(f"✗ {verdict.shape}", "$text-warning"), (f" needed {expected}", "")]
    )
    return Content.assemble(
        status, ("   shape ", "dim"), *shape,
        ("   exact ", "dim"), yes_no(value=verdict.exact),
        ("   approx ", "dim"), yes_no(value=verdict.approximate),
        ("   maxdiff ", "dim"), number_text(verdict.maxdiff),
    )  # fmt: skip
