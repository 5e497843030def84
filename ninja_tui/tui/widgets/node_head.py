"""The head of the node pane: what is to be differentiated, whose gradients flow in, and what the tensor is like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content

from ninja_tui.engine.protocol.verdict import Upstream
from ninja_tui.engine.protocol.views import Poke, PokeRequest, TensorSummary, TensorView, View
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.model import Node, Statement
from ninja_tui.lesson.syntax.shapes import pieces
from ninja_tui.tui.session import Session
from ninja_tui.tui.style import shape_style
from ninja_tui.tui.widgets.tensor import value_text

TITLES = {
    View.VALUE: "the tensor",
    View.YOURS: "your gradient",
    View.DIFFERENCE: "yours − autograd's",
    View.AUTOGRAD: "autograd's gradient",
}
ASKED = -1
"""The rank of what was just asked for."""
FIRST = 0
"""The rank of what is to be differentiated."""
BESIDE = 3
"""Columns between a statement and the upstream gradient beside it."""
INDENT = " " * 4
SCALAR_DIGITS = 8


@dataclass(frozen=True)
class Part:
    """Lines of the head that stand together; of several parts the one of lowest ``rank`` gets room first.

    Those of rank ``FIRST`` and before are shown as far as there is room, others whole or not at all.
    """

    rank: int
    lines: Sequence[Content]


@dataclass(frozen=True)
class Head:
    """The lines that have room, and how many have none."""

    lines: tuple[Content, ...]
    hidden: int


def arranged(parts: Sequence[Part], room: int, room_of_others: int) -> Head:
    """As many lines of the parts as have room, in the order of the parts; others than the first may have less room."""
    kept = dict.fromkeys(range(len(parts)), 0)
    for index in sorted(kept, key=lambda index: parts[index].rank):
        count, first = len(parts[index].lines), parts[index].rank <= FIRST
        left = (room if first else room_of_others) - sum(kept.values())
        if first or count <= left:
            kept[index] = max(0, min(left, count))
    lines = [line for index, count in kept.items() for line in parts[index].lines[:count]]
    return Head(tuple(lines), sum(len(part.lines) for part in parts) - len(lines))


def statement_parts(session: Session, width: int) -> list[Part]:
    """On the way back the readers with their upstream gradients, and what made the tensor; forward the statement."""
    node, statement = session.node, session.statement
    if node is None:
        assert statement is not None  # only a parameter has none, and that is a node
        return [Part(FIRST, _filled(_statement(session, statement), width)), Part(4, _readers_named(session, width))]
    readers = [session.lesson.statements[index] for index in node.consumers]
    return [Part(FIRST, _readers(session, readers, width)), Part(4, _made(session, node, statement, width))]


def _readers(session: Session, readers: Iterable[Statement], width: int) -> list[Content]:
    """Each reader, with the gradients of what it binds behind it where there is room, else below."""
    rows = [(_filled(_statement(session, reader), width), _upstream(session, reader)) for reader in readers]
    widest = max((line.cell_length for lines, _ in rows for line in lines[-1:]), default=0)
    drawn: list[Content] = []
    for lines, upstream in rows:
        room = width - BESIDE - upstream.cell_length
        if lines[-1].cell_length <= room:
            column = widest if widest <= room else lines[-1].cell_length
            drawn += [*lines[:-1], lines[-1].pad_right(column + BESIDE - lines[-1].cell_length) + upstream]
        else:
            drawn += [*lines, *wrapped(Content(INDENT) + upstream, width)]
    return drawn


def _made(session: Session, node: Node, statement: Statement | None, width: int) -> list[Content]:
    if statement is not None:
        return _filled(_statement(session, statement, dim=True), width)
    shape = session.shapes.get(node.name, "")
    return [Content.styled(f"{node.name} {shape} is a parameter", "dim")]


def _readers_named(session: Session, width: int) -> list[Content]:
    consumers = [statement for statement in session.lesson.statements if session.tensor in statement.reads]
    named = [f"{' '.join(each.binds)} ({place(each.line, session.lesson.starts)})" for each in consumers]
    words = ["read by", *(f"{each}," for each in named[:-1]), *named[-1:]]
    return _filled([[Content.styled(word, "dim") for word in words]], width) if consumers else []


def _statement(session: Session, statement: Statement, *, dim: bool = False) -> list[list[Content]]:
    """Line number and code, line by line, each in the words between which it may break.

    The shapes are set off, broadcast ones most.
    """
    lesson = session.lesson
    number = f"{place(statement.line, lesson.starts)}:" if lesson.starts else f"{statement.line:>3}"
    lines = [[Content.styled(number, "dim")]]
    glued = False
    for piece in pieces(statement.code, session.shapes):
        style = "dim" if dim else shape_style(piece.text) if piece.is_shape else "bold"
        for word in [piece.text] if piece.is_shape else re.findall(r"\n|[^\S\n]+|\S+", piece.text):
            if word == "\n":
                lines.append([Content("   ")])
            elif glued and word.strip():
                lines[-1][-1] += Content.styled(word, style)
            elif word.strip():
                lines[-1].append(Content.styled(word, style))
            glued = bool(word.strip() and word != "\n")
    return lines


def _filled(lines: Iterable[Sequence[Content]], width: int) -> list[Content]:
    """Lines of words, broken where they are longer than ``width``, and what follows set in."""
    filled: list[Content] = []
    for first, *words in lines:
        filled.append(first)
        for word in words:
            if filled[-1].cell_length + 1 + word.cell_length <= width:
                filled[-1] += Content(" ") + word
            else:
                filled += [Content(INDENT) + each for each in word.wrap(max(8, width - len(INDENT)))]
    return filled


def _upstream(session: Session, reader: Statement) -> Content:
    """``↑ dcounts_sum (32, 1) yours ✓``: the gradients of what a statement binds, and whose they are."""
    gradients = session.lesson.gradients
    parts: list[tuple[str, str]] = []
    for name in reader.binds:
        if name in gradients:
            shape = session.shapes.get(name, "") if name != session.lesson.loss else ""
            parts += [(", " if parts else "↑ ", "dim"), (f"{gradients[name]} {shape}".rstrip(), "bold"), (" ", "")]
            parts.append(origin(session, name))
    return Content.assemble(*parts)


def origin(session: Session, name: str) -> tuple[str, str]:
    """Whose gradient of ``name`` an answer is tried with, and its style."""
    if name == session.lesson.loss:
        return "is 1", "dim"
    verdict = session.entry(name).verdict
    if verdict is not None and session.upstream is not Upstream.REFERENCE:
        if verdict.passed and verdict.shape == verdict.expected_shape:
            return "yours ✓", "$text-success"
        if session.upstream is Upstream.YOURS and verdict.shape is not None:
            return ("yours ✓", "$text-success") if verdict.passed else ("yours ✗", "$text-error")
    return "reference", "dim"


def state_parts(session: Session, view: TensorView | None, width: int) -> list[Part]:
    """The summary of the tensor, or why there is none; and where a difference is largest."""
    if session.asks_shape:
        return [Part(1, wrapped(Content.styled("What shape will it have? Enter shows it.", "dim"), width))]
    if view is None:
        waiting = "…" if session.facts else "PyTorch is starting…"
        return [Part(1, [Content.styled(waiting, "dim")])]
    if view.error is not None:
        return [Part(1, wrapped(Content.styled(f"[{session.slices}]: {view.error}", "$text-warning"), width))]
    if view.summary is None:
        absent = "no gradient of yours yet" if session.view in (View.YOURS, View.DIFFERENCE) else "no value"
        return [Part(1, wrapped(Content.styled(f"{TITLES[session.view]}: {absent}", "dim"), width))]
    lines = _summary(view, view.summary, width)
    parts = [Part(2, lines[:1]), Part(5, lines[1:])]
    if view.worst is not None:
        text = f"worst at {list(view.worst.index)}: off by {value_text(view.worst.size)}"
        parts.append(Part(1, wrapped(Content.styled(text, "$text-warning"), width)))
    return parts


def _summary(view: TensorView, summary: TensorSummary, width: int) -> list[Content]:
    """Shape and dtype, then what the values are like; of a single number the number itself."""
    texts = [(f"{summary.shape} {summary.dtype}", "")]
    values = view.window.values if view.window is not None else ()
    if len(values) == 1 and len(values[0]) == 1 and summary.shape.count(1) == len(summary.shape):
        value = values[0][0]
        texts.append((f"{value:.{SCALAR_DIGITS}g}" if isinstance(value, float) else str(value), "bold"))
    elif summary.statistics is not None:
        of = summary.statistics
        named = (("min", of.minimum), ("max", of.maximum), ("mean", of.mean), ("std", of.std))
        texts += [(f"{name} {value_text(value)}", "") for name, value in named]
        texts.append((f"zeros {_share(summary.zeros or 0)}", ""))
    elif summary.zeros is None:
        texts.append(("empty" if 0 in summary.shape else "", "dim"))
    if summary.non_finite:
        texts.append((f"non-finite {summary.non_finite}", "$text-warning"))
    return _flowed([text for text in texts if text[0]], width)


def _flowed(texts: Iterable[tuple[str, str]], width: int) -> list[Content]:
    """Short texts beside each other, as many in a line as have room."""
    lines: list[Content] = []
    for text, style in texts:
        styled = Content.styled(text, style) if style else Content(text)
        if lines and lines[-1].cell_length + 2 + len(text) <= width:
            lines[-1] = lines[-1] + "  " + styled
        else:
            lines.append(styled)
    return lines


def poke_part(request: PokeRequest, poke: Poke, width: int) -> Part:
    """``counts[3, 5] +0.001 → loss +2.1e-05; your gradient says 2.1e-05``."""
    name = f"{request.tensor}{list(request.index) if request.index else ''}"
    if poke.refusal is not None:
        return Part(ASKED, wrapped(Content.styled(f"{name} cannot be nudged: {poke.refusal}", "$text-warning"), width))
    whose = "autograd's" if request.gradient is View.AUTOGRAD else "your"
    parts = [(f"{name} {poke.step:+g} → loss {poke.change:+.3g}", "bold"), ("; ", "")]
    if poke.predicted is None:
        parts.append(("no gradient of yours predicts it yet", "dim"))
    else:
        parts.append((f"{whose} gradient says {poke.predicted:.3g}", ""))
    return Part(ASKED, wrapped(Content.assemble(*parts), width))


def _share(share: float) -> str:
    """In per cent; 0% and 100% only where it is none and all."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def wrapped(content: Content, width: int) -> list[Content]:
    """In lines of at most ``width`` columns, those after the first set in by four."""
    lines: list[Content] = []
    for line in content.split("\n", allow_blank=True):
        if line.cell_length <= width:
            lines.append(line)
            continue
        first, *rest = line.wrap(max(8, width))
        lines.append(first)
        if rest:
            length = len(first.plain)
            tail = line[length:]
            while tail.plain.startswith(" "):
                tail = tail[1:]
            lines += [Content(INDENT) + each for each in tail.wrap(max(8, width - len(INDENT)))]
    return [line.rstrip() for line in lines]
