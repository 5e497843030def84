"""What the prompt shows of the code in it: a status line, one sentence, and facts."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from textual.content import Content

from ninja_tui.engine.protocol.verdict import Status, Verdict, Watched
from ninja_tui.formatting import number_text
from ninja_tui.lesson.syntax.code_error import CodeError
from ninja_tui.tui.style import STATUS_SIGNS, STATUS_STYLES, yes_no
from ninja_tui.tui.watching import value_text


class Tone(enum.Enum):
    """The colour of the sentence, as a style."""

    PLAIN = ""
    DIM = "dim"
    GOOD = "$text-success"
    WARNING = "$text-warning"
    ERROR = "$text-error"


@dataclass(frozen=True)
class Feedback:
    """On the code in the prompt: its verdict, one sentence (``message``), and ``facts``, one a line.

    ``error`` is what Python says of it, with its place, and ``watched`` what a bare expression came to. ``lead`` are
    lines that come before all else.
    """

    expected_shape: tuple[int, ...] | None = None
    verdict: Verdict | None = None
    message: str = ""
    running: bool = False
    tone: Tone = Tone.DIM
    facts: tuple[str, ...] = ()
    error: CodeError | None = None
    watched: Watched | None = None
    lead: tuple[Content, ...] = ()


def feedback_lines(feedback: Feedback) -> list[Content]:
    """All lines from top to bottom, each still to be wrapped."""
    lines = list(feedback.lead)
    lines += [] if feedback.expected_shape is None else [_status_line(feedback, feedback.expected_shape)]
    if feedback.error is not None:
        lines += _error_lines(feedback.error)
    if feedback.watched is not None:
        lines.append(Content(value_text(feedback.watched)))
    if feedback.error is None or feedback.error.message not in feedback.message:
        lines += [Content.styled(line, feedback.tone.value) for line in feedback.message.split("\n") if line]
    return [*lines, *(Content.styled(fact, "dim") for fact in feedback.facts)]


def _error_lines(error: CodeError) -> list[Content]:
    """Where it is and what, and the line of code with a caret under it."""
    lines = [f"{error.where}: {error.message}" if error.where else error.message]
    lines += [error.source, error.caret] if error.caret else []
    return [Content.styled(line, Tone.ERROR.value) for line in lines]


def _status_line(feedback: Feedback, expected: tuple[int, ...]) -> Content:
    verdict = feedback.verdict
    if feedback.running:
        return Content.styled(f"… running   shape needed {expected}", "dim")
    if verdict is None and feedback.watched is not None:
        return Content.assemble("· watched", (f"   shape needed {expected}", "dim"))
    if verdict is None and feedback.error is not None:
        return Content.assemble(("✗ error", STATUS_STYLES[Status.ERROR]), (f"   shape needed {expected}", "dim"))
    if verdict is None:
        return Content.styled(f"· shape needed {expected}", "dim")
    status = (f"{STATUS_SIGNS[verdict.status]} {verdict.status}", STATUS_STYLES[verdict.status])
    if verdict.shape is None:
        return Content.assemble(status, (f"   shape needed {expected}", "dim"))
    fits = verdict.shape == verdict.expected_shape
    shape = (
        [(f"✓ {verdict.shape}", "")] if fits else [(f"✗ {verdict.shape}", "$text-warning"), (f" needed {expected}", "")]
    )
    gap = "   " if fits else "  "  # all of it on one line of 76 columns
    return Content.assemble(
        status, (f"{gap}shape ", "dim"), *shape,
        (f"{gap}exact ", "dim"), yes_no(value=verdict.exact),
        (f"{gap}approx ", "dim"), yes_no(value=verdict.approximate),
        (f"{gap}maxdiff ", "dim"), number_text(verdict.maxdiff),
    )  # fmt: skip
