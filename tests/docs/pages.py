"""The pages of the documentation as text, and the code that is quoted in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    ROOT / page
    for page in (
        "README.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "ninja_tui/lessons/README.md",
        *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
    )
)
"""All pages but the changelog, which tells of former days too."""
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text_of(page: str) -> str:
    """The page ``docs/<page>.md``."""
    return (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")


def blocks(text: str) -> list[str]:
    """The code of all fenced blocks, in their order."""
    return [code for _, code in _FENCE.findall(text)]


def block(page: str, beginning: str) -> str:
    """The one block of ``docs/<page>.md`` in which a line begins so."""
    (found,) = (code for code in blocks(text_of(page)) if re.search(rf"^{re.escape(beginning)}", code, re.MULTILINE))
    return found


def spans(text: str) -> Iterator[str]:
    """What stands between backticks outside of blocks, on one line each."""
    for span in re.findall(r"`([^`]+)`", _FENCE.sub("", text)):
        yield " ".join(span.split())


def alike(text: str) -> str:
    """The text without what depends on the processor: fractions, and how many answers are exact to the last bit."""
    text = re.sub(r"\d+\.\d+(e[+-]\d+)?", "0.0", text)
    return re.sub(r"\d+(?= exact$)|\d+(?= answers differ in the last bits)", "n", text, flags=re.MULTILINE)
