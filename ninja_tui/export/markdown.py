"""Text in Markdown cells: what is not ours shows as it is, and is never markup."""

from __future__ import annotations

import re

from ninja_tui.formatting import one_line

SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|$~&])")
CODE = re.compile(r"`([^`]+)`")


def plain(text: str) -> str:
    """``text`` as it is, but for what stands in backticks, which is code."""
    parts = CODE.split(one_line(text))
    return "".join(span(part) if index % 2 else SPECIAL.sub(r"\\\1", part) for index, part in enumerate(parts))


def span(code: str) -> str:
    """``code`` as a span of code, whatever stands in it."""
    code = one_line(code)
    fence = "`" * (max(map(len, re.findall("`+", code)), default=0) + 1)
    room = " " if len(fence) > 1 or code.startswith("`") or code.endswith("`") else ""
    return f"{fence}{room}{code}{room}{fence}"
