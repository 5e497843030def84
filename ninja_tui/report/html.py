"""What pages are made of: text that is plain whoever wrote it, marks, and a page around them."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.errors import Excerpt
from ninja_tui.formatting import number_text, visible
from ninja_tui.report.html_style import STYLE
from ninja_tui.report.records import NodeRecord

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Of the content: a style, and nothing else, whatever a page may come to hold."""


def code_line(excerpt: Excerpt) -> str:
    """A line of code, in which what is meant is marked."""
    code = visible(excerpt.code)
    start, end = max(0, min(excerpt.start, len(code))), max(0, min(excerpt.end, len(code)))
    marked = f"<mark>{escape(code[start:end])}</mark>" if end > start else ""
    return f'<span class="at">{excerpt.line}</span>{escape(code[:start])}{marked}{escape(code[max(start, end) :])}\n'


def badge(status: Status) -> str:
    """A status as a mark."""
    return f'<span class="badge {status}">{status}</span>'


def bar(passed: int, total: int) -> str:
    """How many of all pass."""
    return f'<meter min="0" max="{max(total, 1)}" value="{passed}">{passed} of {total}</meter>'


def yes_no(node: NodeRecord, *, value: bool) -> str:
    """A column of ``cmp``: a dash where there is nothing to compare."""
    return "–" if node.shape is None else "yes" if value else "no"


def number(value: float | str | None) -> str:
    """A difference in three digits."""
    return value if isinstance(value, str) else number_text(value)


def plain(text: str) -> str:
    """``text`` as it is, whatever stands in it: no markup, and nothing that does not print."""
    return escape(visible(text))


def prose(sentence: str) -> str:
    """A sentence; what stands in backticks is code."""
    parts = plain(sentence).split("`")
    if len(parts) % 2 == 0:
        return plain(sentence)
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def whole_page(title: str, body: Iterable[str], style: str = "") -> str:
    """A page of these lines of HTML; ``title`` is HTML as well, and ``style`` goes beside what all pages have."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="color-scheme" content="light dark"><title>{title}</title><style>{STYLE}{style}</style>'
    )
    inside = "\n".join(body)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{inside}\n</main></body></html>\n'
