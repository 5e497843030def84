"""The styles of states, in the theme's colours."""

from __future__ import annotations

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.tui.session import Mark

MARK_STYLES = {
    Mark.OPEN: "dim",
    Mark.EXACT: "bold $text-success",
    Mark.APPROXIMATE: "bold $text-success",
    Mark.WRONG: "bold $text-error",
}
STATUS_STYLES = {
    Status.PASS: "bold $text-success",
    Status.FAIL: "bold $text-error",
    Status.ERROR: "bold $text-error",
    Status.TIMEOUT: "bold $text-warning",
    Status.MISSING: "dim",
}
STATUS_SIGNS = {
    Status.PASS: "✓",
    Status.FAIL: "✗",
    Status.ERROR: "✗",
    Status.TIMEOUT: "✗",
    Status.MISSING: "·",
}
WARNING = "$text-warning"
CURRENT_LINE = "bold on $current-line"


def shape_style(text: str) -> str:
    """The style of a shape in a statement: what is broadcast is set off most."""
    return "$text-warning" if "→" in text else "$text-accent"


def yes_no(*, value: bool) -> tuple[str, str]:
    """One of ``cmp``'s columns, as text and its style."""
    return ("yes", "$text-success") if value else ("no", WARNING)
