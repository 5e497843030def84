"""A report on a session as HTML inside of a notebook: whole by itself, no script, and all text escaped."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.jupyter.style import STYLE
from ninja_tui.report.as_html import ANSWERS_HEAD, answer_rows, progress_html, text_html
from ninja_tui.report.heatmap import heatmap_html
from ninja_tui.report.records import FileRecord, LessonRecord, NodeRecord
from ninja_tui.report.sentences import ROUNDED


def session_html(record: FileRecord, rows: Container[tuple[int, int]] | None, *, detailed: bool) -> str:
    """A section for each backward pass, with a row for each gradient: those of ``rows``, by section and number, or all.

    Of what passes, and differs in the last bits, only the number is told, if not all is ``detailed``.
    """
    return framed([*_parts(record, rows, detailed=detailed)])


def framed(parts: list[str]) -> str:
    """Parts of a report with their style."""
    return f'<div class="ninja-tui"><style>{STYLE}</style>{"".join(parts)}</div>'


def _parts(record: FileRecord, rows: Container[tuple[int, int]] | None, *, detailed: bool) -> Iterator[str]:
    if record.error is not None:
        yield f'<p class="problem">{text_html(record.error)}</p>'
    for number, lesson in enumerate(record.lessons):
        nodes = [node for at, node in enumerate(lesson.nodes) if rows is None or (number, at) in rows]
        if nodes:
            title = "" if lesson.lesson == record.path else f"<b>{text_html(lesson.lesson)}</b> "
            yield f'<p class="facts">{progress_html(lesson.passed, lesson.total)}{title}{_facts(lesson)}</p>'
            yield from _answers(nodes, detailed=detailed)
    if rows is None:
        yield from (f'<p class="note">{text_html(note)}</p>' for note in record.notes)


def _answers(nodes: Sequence[NodeRecord], *, detailed: bool) -> Iterator[str]:
    yield f'<div class="wide"><table>{ANSWERS_HEAD}'
    for node in nodes:
        shown = detailed or not _is_rounded(node)
        difference = None if node.status is Status.PASS else node.difference
        heatmap = "" if difference is None else heatmap_html(difference)
        yield answer_rows(node if shown else replace(node, sentences=()), place_of(node), heatmap)
    yield "</table></div>"
    rounded = sum(map(_is_rounded, nodes))
    if rounded and not detailed:
        differ = "1 differs" if rounded == 1 else f"{rounded} differ"
        yield f'<p class="quiet">{differ} in the last bits only: {ROUNDED}</p>'


def _facts(lesson: LessonRecord) -> str:
    counts = [f"<b>{lesson.passed} of {lesson.total} pass</b>"]
    for status in Status:
        count = sum(node.status is status for node in lesson.nodes)
        if count and status is not Status.PASS:
            counts.append(f"{count} {status}")
    exact = len({node.node for node in lesson.nodes if node.exact and node.status is Status.PASS})
    return " · ".join([*counts, f"{exact} exact"])


def _is_rounded(node: NodeRecord) -> bool:
    """Whether all there is to say is that it differs in the last bits."""
    only = node.sentences and all(sentence.startswith(ROUNDED) for sentence in node.sentences)
    return node.status is Status.PASS and not node.warnings and bool(only)


def place_of(node: NodeRecord) -> str:
    """``In [3], 2``: the prompt, and the line below it."""
    if node.line is None:
        return ""
    return f"line {node.line}" if node.cell is None else f"In [{node.cell}], {node.line}"
