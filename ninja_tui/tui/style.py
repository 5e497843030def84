"""How states look, wherever they are shown."""

from __future__ import annotations

from ninja_tui.engine.verdict import Status
from ninja_tui.tui.session import Mark

MARK_STYLES = {
    Mark.OPEN: "dim",
    Mark.EXACT: "bold $success",
    Mark.APPROXIMATE: "bold $success",
    Mark.WRONG: "bold $error",
}
STATUS_STYLES = {
    Status.PASS: "bold $success",
    Status.FAIL: "bold $error",
    Status.ERROR: "bold $error",
    Status.TIMEOUT: "bold $warning",
    Status.MISSING: "dim",
}
