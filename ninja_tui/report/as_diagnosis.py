"""What ``ninja-tui doctor`` prints."""

from __future__ import annotations

from ninja_tui.doctor import Diagnosis
from ninja_tui.engine.protocol.processes import Protection
from ninja_tui.report.page import Page


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """What was tried and what refused it, then the machine."""
    page = Page()
    page.line(("Strangers' code, in a locked worker, tried to", "bold"))
    width = max(len(attempt.what) for attempt in diagnosis.attempts)
    for attempt in diagnosis.attempts:
        refused = attempt.refused is not None
        sign = (page.signs.passed, "green") if refused else (page.signs.failed, "bold red")
        page.line(sign, f" {attempt.what:{width}}  ", (attempt.refused or "it could", "dim" if refused else "bold red"))
    page.line(_verdict(diagnosis), hang=0)
    page.line("")
    width = max(len(name) for name, _ in diagnosis.facts)
    for name, value in diagnosis.facts:
        page.line((f"{name:{width}}  ", "dim"), value, hang=width + 2)


def _verdict(diagnosis: Diagnosis) -> tuple[str, str]:
    walls = _walls(diagnosis.protection)
    if not diagnosis.is_protected:
        return f"Not protected ({walls}): run files of people you trust only, or in a container.", "bold red"
    return f"Protected by {walls}.", "bold green"


def _walls(protection: Protection) -> str:
    landlock = f"Landlock (version {protection.landlock})" if protection.landlock else "no Landlock"
    return f"{landlock}, {'seccomp' if protection.seccomp else 'no seccomp'} and resource limits"
