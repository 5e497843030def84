"""What ``ninja-tui explain`` prints: a kind of mistake or a warning, or a list of them all."""

from __future__ import annotations

from ninja_tui.engine.protocol.verdict import Kind, Warning
from ninja_tui.errors import UsageError
from ninja_tui.formatting import closest
from ninja_tui.report.kinds import MISTAKES, WARNINGS, Mistake
from ninja_tui.report.page import Page

NAMES = tuple(dict.fromkeys([*map(str, MISTAKES), *map(str, WARNINGS)]))
"""All that can be explained."""


def print_explanation(name: str) -> None:
    """A kind of mistake with its example, a warning, or both where they have one name. Raises UsageError."""
    if name not in NAMES:
        near = closest(name, NAMES)
        guess = f"did you mean `{near}`?" if near else "`ninja-tui explain` lists what there is"
        raise UsageError(f"there is no kind of mistake `{name}`; {guess}")
    page = Page()
    if name in set(Kind):
        _print_mistake(page, MISTAKES[Kind(name)])
    if name in set(Warning):
        if name in set(Kind):
            page.blank()
        page.line((name, "bold"), ", as a warning beside a pass")
        page.line(WARNINGS[Warning(name)], hang=0)


def print_names() -> None:
    """All kinds and all warnings, a line each."""
    page = Page()
    width = max(map(len, NAMES))
    page.line(("Kinds of mistakes", "bold"))
    for kind, mistake in MISTAKES.items():
        page.line((f"{kind:{width}}", "bold red"), f"  {mistake.title}", hang=width + 2)
    page.blank()
    page.line(("Warnings beside a pass", "bold"))
    for warning, meaning in WARNINGS.items():
        page.line((f"{warning:{width}}", "bold yellow"), f"  {meaning}", hang=width + 2)


def _print_mistake(page: Page, mistake: Mistake) -> None:
    example = mistake.example
    page.line((str(mistake.kind), "bold red"), f": {mistake.title}")
    page.line(mistake.meaning, hang=0)
    _print_code(page, "The forward pass", example.network.code)
    _print_code(page, "A wrong answer", example.wrong_answers)
    sign = page.signs.warning if mistake.kind is Kind.ALIASING else page.signs.failed
    page.line((f"{sign} d{example.node}  ", "bold red"), example.message)
    page.blank()
    page.line(("What to think of", "bold"))
    page.line(mistake.cure, hang=0)
    _print_code(page, "The right answer", example.right_answers)


def _print_code(page: Page, title: str, code: str) -> None:
    page.blank()
    page.line((title, "bold"))
    for line in code.splitlines():
        page.line(f"    {line}", hang=8)
