"""The difference of a gradient from autograd's as a heatmap: an SVG for a page, and signs for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from ninja_tui.engine.protocol.difference import Cells, Difference, bounds
from ninja_tui.formatting import number_text, shape_text

LEVELS = 16
"""Steps of colour on either side of 0."""
NOT_FINITE = 1000
"""In the place of a level."""
LARGE, SMALL = round(0.5**0.5 * LEVELS), round(0.02**0.5 * LEVELS)
"""Levels from which on a sign is heavy, and below which it is none."""
MOST_TITLES = 512
"""Cells up to which each has a title of its own; of more, each row has one."""
SIZE, LARGEST_CELL, SMALLEST_CELL, ONE_ROW = 320, 24, 6, 16
"""Pixels: of the longer side, of a cell, and the least height of a heatmap that is one row."""
TERMINAL_ROWS, TERMINAL_COLUMNS = 12, 64

HEAT_STYLE = """
:root { --heat-zero: #e2e4e8; --heat-below: #0054be; --heat-above: #944400; --heat-bad: #be0096; }
@media (prefers-color-scheme: dark) { :root { --heat-zero: #262830; --heat-below: #4696ff; --heat-above: #ffa028;
  --heat-bad: #ff00c8; } }
.heat { margin: .3rem 0 .6rem; } .heat svg { display: block; max-width: 100%; background: var(--heat-zero); }
.heat rect.b, .heat i.b { fill: var(--heat-below); background: var(--heat-below); }
.heat rect.a, .heat i.a { fill: var(--heat-above); background: var(--heat-above); }
.heat rect.x, .heat i.x { fill: var(--heat-bad); background: var(--heat-bad); }
.heat i { display: inline-block; width: 1em; height: .8em; margin: 0 .25em 0 0; vertical-align: baseline; }
.heat i.z { background: var(--heat-zero); }
.heat .legend { margin-left: .8em; } .heat .legend span { white-space: nowrap; }
.heat figcaption { margin-top: .2rem; font-size: 13px; line-height: 1.5; color: var(--quiet, inherit); }
"""
"""What ``heatmap_html`` needs of a page's style. A page with themes of its own sets the four ``--heat`` colours."""


def level(value: float | None) -> int:
    """A cell as one of a few steps from 0: small values in finer ones, as the eye sees them better so."""
    if value is None:
        return NOT_FINITE
    return round(math.copysign(abs(value) ** 0.5, value) * LEVELS)


def sign(step: int) -> str:
    """A cell of that level without colour."""
    if step == NOT_FINITE:
        return "!"
    if abs(step) < SMALL:
        return "·"
    return ("+╋" if step > 0 else "─━")[abs(step) >= LARGE]


def caption(difference: Difference) -> str:
    """How large the difference is at most, and where: ``largest difference 3.10e-02, at [3, 5] of (32, 27)``."""
    worst = difference.worst
    size = number_text(worst.size) if math.isfinite(worst.size) else "not finite"
    where = f", at {_index(worst.index)} of {shape_text(difference.shape)}" if worst.index else ""
    return f"largest difference {size}{where}"


def heatmap_html(difference: Difference) -> str:
    """A ``figure`` whose class is ``heat``: plain HTML with an inline SVG, no script. It needs ``HEAT_STYLE``."""
    height, width = len(difference.cells), max(map(len, difference.cells), default=0)
    cell = max(SMALLEST_CELL, min(LARGEST_CELL, SIZE // max(width, height, 1)))
    deep = max(cell, ONE_ROW) if height == 1 else cell
    told = escape(caption(difference))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{told}" width="{width * cell}" '
        f'height="{height * deep}" viewBox="0 0 {width} {height}" preserveAspectRatio="none" '
        f'shape-rendering="crispEdges"><title>{told}</title>{"".join(_rows(difference))}</svg>'
    )
    has_finite, is_off, has_bad = _occurring(difference.cells)
    below, above = ("b", "below autograd’s"), ("a", f"above, up to {number_text(difference.scale)}")
    colours = [below] * is_off + [("z", "equal")] * has_finite + [above] * is_off + [("x", "not finite")] * has_bad
    legend = " ".join(f'<span><i class="{kind}"></i>{meaning}</span>' for kind, meaning in colours)
    note = _pooled(difference)
    words = f'{told}{f"; {escape(note)}" if note else ""} <span class="legend">{legend}</span>'
    return f'<figure class="heat">{svg}<figcaption>{words}</figcaption></figure>'


def heatmap_lines(difference: Difference, rows: int = TERMINAL_ROWS, columns: int = TERMINAL_COLUMNS) -> list[str]:
    """The heatmap as lines of signs, at most ``rows`` by ``columns`` of them, and a line on what they mean."""
    cells = _shrunk(difference.cells, rows, columns)
    signs = ["".join(sign(level(value)) for value in row) for row in cells]
    _, is_off, has_bad = _occurring(cells)
    meanings = ["─━ below autograd's", "+╋ above"] * is_off + ["! not finite"] * has_bad
    return [*signs, f"{caption(difference)}; {', '.join(meanings)}"]


def _occurring(cells: Cells) -> tuple[bool, bool, bool]:
    """Whether there are finite cells, finite ones that are off, and others."""
    values = {value for row in cells for value in row}
    finite = values - {None}
    return bool(finite), any(finite), None in values


def _pooled(difference: Difference) -> str:
    """What a cell stands for, where it is more than one entry."""
    (rows, columns), cells = difference.table, difference.cells
    if len(cells) == rows and len(cells[0]) == columns:
        return ""
    down, across = math.ceil(rows / len(cells)), math.ceil(columns / len(cells[0]))
    return f"a cell is the largest of {down} × {across} entries"


def _rows(difference: Difference) -> Iterator[str]:
    """The cells that are not 0, a group a row; those that look alike and stand side by side are one."""
    cells = difference.cells
    down, across = (
        bounds(most, count) for most, count in zip(difference.table, (len(cells), len(cells[0])), strict=True)
    )
    titled = sum(map(len, cells)) <= MOST_TITLES
    for y, (row, lines) in enumerate(zip(cells, down, strict=True)):
        if titled:
            inside = [
                _rect(x, y, 1, level(value), f"{_place(difference, lines, across[x])}: {_value(value, difference)}")
                for x, value in enumerate(row)
                if level(value)
            ]
        else:
            inside = [_rect(x, y, width, step) for x, width, step in _runs(row) if step]
        if not inside:
            continue
        title = "" if titled else f"<title>{escape(_row_title(difference, row, lines))}</title>"
        yield f"<g>{title}{''.join(inside)}</g>"


def _rect(x: int, y: int, width: int, step: int, title: str = "") -> str:
    kind = "x" if step == NOT_FINITE else "a" if step > 0 else "b"
    strength = "" if step == NOT_FINITE or abs(step) == LEVELS else f' fill-opacity="{abs(step) / LEVELS:.2g}"'
    told = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="1"{strength}>{told}</rect>'


def _runs(row: tuple[float | None, ...]) -> Iterator[tuple[int, int, int]]:
    """Where cells of one level begin, how many there are, and the level."""
    steps = [level(value) for value in row]
    start = 0
    for x in range(1, len(steps) + 1):
        if x == len(steps) or steps[x] != steps[start]:
            yield start, x - start, steps[start]
            start = x


def _row_title(difference: Difference, row: tuple[float | None, ...], lines: tuple[int, int]) -> str:
    finite = [value for value in row if value is not None]
    told = f"{_value(min(finite), difference)} to {_value(max(finite), difference)}" if finite else "not finite"
    return f"{_place(difference, lines, (0, difference.table[1]))}: {told}"


def _value(value: float | None, difference: Difference) -> str:
    return "not finite" if value is None else f"{value * difference.scale:+.2e}"


def _place(difference: Difference, lines: tuple[int, int], columns: tuple[int, int]) -> str:
    """The entries under a cell, as an index: ``[3, 5]``, ``[4–7, 0–1]``, ``rows 8–11 of 96, columns 0–1``."""
    rows, width = difference.table
    if rows == 1:  # a vector, or a number
        if columns[1] - columns[0] == 1:
            return _index(_unraveled(columns[0], difference.shape))
        return f"entries {_span(columns, width)}"
    leading = difference.shape[:-1]
    if lines[1] - lines[0] == 1:
        return _index((*_unraveled(lines[0], leading), _span(columns, width)))
    if len(leading) == 1:
        return _index((_span(lines, rows), _span(columns, width)))
    return f"rows {_span(lines, rows)} of {rows}, columns {_span(columns, width)}"


def _span(part: tuple[int, int], size: int) -> str:
    start, end = part
    if (start, end) == (0, size) and size > 1:
        return ":"
    return str(start) if end - start == 1 else f"{start}–{end - 1}"


def _index(index: tuple[int | str, ...]) -> str:
    return f"[{', '.join(map(str, index))}]"


def _unraveled(number: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of the element that is ``number`` in row-major order."""
    index: list[int] = []
    for size in reversed(shape):
        number, part = divmod(number, size)
        index.insert(0, part)
    return tuple(index)


def _shrunk(cells: Cells, rows: int, columns: int) -> Cells:
    """At most ``rows`` by ``columns`` cells, each the strongest of those that it stands for."""
    if not cells:
        return ()
    return tuple(
        tuple(
            _strongest([cells[y][x] for y in range(*down) for x in range(*across)])
            for across in bounds(len(cells[0]), columns)
        )
        for down in bounds(len(cells), rows)
    )


def _strongest(values: list[float | None]) -> float | None:
    finite = [value for value in values if value is not None]
    return max(finite, key=abs) if finite else None
