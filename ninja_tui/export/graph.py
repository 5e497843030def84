"""The graph of a forward pass as an inline SVG: a box a tensor, coloured and marked by its gradient's verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.export.layout import Edge, laid_out
from ninja_tui.formatting import visible
from ninja_tui.lesson.model import Lesson

CHARACTER, PADDING, HEIGHT, ROW, MARGIN = 7.6, 10.0, 24.0, 46.0, 4.0
"""Pixels."""
LONGEST = 24
"""Characters of a label."""
MARKS = {Status.PASS: "✓", Status.FAIL: "✗", Status.ERROR: "✗", Status.TIMEOUT: "✗", Status.MISSING: "–"}


@dataclass(frozen=True)
class Node:
    """What is drawn of a tensor: its statement, its gradient's status if it has one, and the place that it leads to."""

    name: str
    code: str
    status: Status | None = None
    link: str | None = None

    @property
    def label(self) -> str:
        """The name with its mark."""
        name = visible(self.name)
        name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
        return f"{MARKS[self.status]} {name}" if self.status is not None else name


@dataclass(frozen=True)
class Picture:
    """An SVG, and how many rows it has."""

    svg: str
    rows: int


def picture_of(lesson: Lesson, statuses: Mapping[str, Status], links: Mapping[str, str]) -> Picture:
    """The picture of a lesson's forward pass; ``statuses`` and ``links``, to a place on the page, are by node."""
    parameters = [node.name for node in lesson.nodes if node.statement is None]
    inputs: dict[str, list[str]] = {name: [] for name in parameters}
    code = dict.fromkeys(parameters, "a parameter")
    for statement in lesson.statements:
        for name in statement.binds:
            inputs[name] = [read for read in statement.reads if read in inputs and read not in statement.binds]
            code[name] = statement.code
    nodes = {name: Node(name, code[name], statuses.get(name), links.get(name)) for name in inputs}
    layout = laid_out(inputs, {name: len(node.label) * CHARACTER + 2 * PADDING for name, node in nodes.items()})
    width, height = layout.width + 2 * MARGIN, (layout.rows - 1) * ROW + HEIGHT + 2 * MARGIN
    lines = "".join(f'<path d="{_path(edge)}"/>' for edge in layout.edges)
    boxes = "".join(_box(nodes[name], x, row) for name, (x, row) in layout.places.items())
    svg = (
        f'<svg class="graph" xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}"><title>The forward pass, from the parameters down to the loss'
        f'</title><g class="edges">{lines}</g>{boxes}</svg>'
    )
    return Picture(svg, layout.rows)


def _path(edge: Edge) -> str:
    """A line from box to box, which passes the rows in between upright."""
    return " ".join(_pieces(edge))


def _pieces(edge: Edge) -> Iterator[str]:
    last = len(edge.points) - 1
    x, row = edge.points[0]
    yield f"M{x + MARGIN:.1f} {_top(row) + HEIGHT:.1f}"
    for number, (to, below) in enumerate(edge.points[1:], 1):
        start, end = _top(row) + HEIGHT, _top(below)
        half = (start + end) / 2
        yield f"C{x + MARGIN:.1f} {half:.1f} {to + MARGIN:.1f} {half:.1f} {to + MARGIN:.1f} {end:.1f}"
        if number < last:
            yield f"V{end + HEIGHT:.1f}"
        x, row = to, below


def _top(row: int) -> float:
    return MARGIN + row * ROW


def _box(node: Node, x: float, row: int) -> str:
    width = len(node.label) * CHARACTER + 2 * PADDING
    told = f"{node.name}: {node.code}" + (f" — gradient: {node.status}" if node.status is not None else "")
    kind = "none" if node.status is None else str(node.status)
    box = (
        f'<g class="box {kind}"><title>{escape(visible(told))}</title>'
        f'<rect x="{x + MARGIN - width / 2:.1f}" y="{_top(row):.1f}" width="{width:.1f}" height="{HEIGHT:g}" rx="5"/>'
        f'<text x="{x + MARGIN:.1f}" y="{_top(row) + HEIGHT / 2 + 4.5:.1f}">{escape(node.label)}</text></g>'
    )
    return box if node.link is None else f'<a href="#{escape(node.link)}">{box}</a>'
