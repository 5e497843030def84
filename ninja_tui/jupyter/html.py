"""A report on a session as HTML inside of a notebook: whole by itself, no script, and all text escaped."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.jupyter.style import STYLE
from ninja_tui.report.as_html import ANSWERS_HEAD, answer_rows
from ninja_tui.report.heatmap import heatmap_html
from ninja_tui.report.html import bar, plain
from ninja_tui.report.records import FileRecord, LessonRecord, NodeRecord
from ninja_tui.report.sentences import ROUNDED

MOST_NAMED = 6
"""Gradients of which one sentence is told."""


def session_html(record: FileRecord, rows: Container[tuple[int, int]] | None, *, detailed: bool) -> str:
    """A section for each backward pass, with a row for each gradient: those of ``rows``, by section and number, or all.

    What there is to say on those that pass is told once for all of them, if not all is ``detailed``.
    """
    inside = "".join(_parts(record, rows, detailed=detailed))
    return f'<div class="ninja-tui{" detailed" * detailed}"><style>{STYLE}</style>{inside}</div>'


def _parts(record: FileRecord, rows: Container[tuple[int, int]] | None, *, detailed: bool) -> Iterator[str]:
    if record.error is not None:
        yield f'<p class="problem">{plain(record.error)}</p>'
    for number, lesson in enumerate(record.lessons):
        nodes = [node for at, node in enumerate(lesson.nodes) if rows is None or (number, at) in rows]
        if nodes:
            title = "" if lesson.lesson == record.path else f"{plain(lesson.lesson)} · "
            yield f'<p class="facts">{bar(lesson.passed, lesson.total)}{title}{_facts(lesson)}</p>'
            yield from _answers(nodes, detailed=detailed)
    if rows is None:
        yield from (f'<p class="note">{plain(note)}</p>' for note in record.notes)


def _answers(nodes: Sequence[NodeRecord], *, detailed: bool) -> Iterator[str]:
    """The table, and below it what there is to say on many that pass, once for all."""
    folded: dict[str, list[str]] = {}
    yield f'<div class="wide"><table>{ANSWERS_HEAD}'
    for node in nodes:
        difference = None if node.status is Status.PASS else node.difference
        heatmap = "" if difference is None else heatmap_html(difference)
        if detailed or not _is_quiet(node):
            yield answer_rows(node, place_of(node), heatmap)
            continue
        for sentence in node.sentences:
            folded.setdefault(ROUNDED if sentence.startswith(ROUNDED) else sentence, []).append(node.gradient)
        yield answer_rows(replace(node, sentences=()), place_of(node), heatmap)
    yield "</table></div>"
    yield from (f'<p class="quiet">{plain(_shared(*each))}</p>' for each in folded.items())


def _shared(sentence: str, gradients: Sequence[str]) -> str:
    """A sentence with the gradients to which it applies."""
    if sentence == ROUNDED:
        differ = "1 gradient differs" if len(gradients) == 1 else f"{len(gradients)} gradients differ"
        return f"{differ} in the last bits only: {ROUNDED}"
    more = f" and {len(gradients) - MOST_NAMED} more" if len(gradients) > MOST_NAMED else ""
    return f"{', '.join(gradients[:MOST_NAMED])}{more}: {sentence}"


def _facts(lesson: LessonRecord) -> str:
    counts = [f"<b>{lesson.passed} of {lesson.total} pass</b>"]
    for status in Status:
        count = sum(node.status is status for node in lesson.nodes)
        if count and status is not Status.PASS:
            counts.append(f"{count} {status}")
    exact = len({node.node for node in lesson.nodes if node.exact and node.status is Status.PASS})
    return " · ".join([*counts, f"{exact} exact"])


def _is_quiet(node: NodeRecord) -> bool:
    """Whether what there is to say on it is nothing that a person has to look at."""
    return node.status is Status.PASS and not node.warnings


def place_of(node: NodeRecord) -> str:
    """``In [3], 2``: the prompt, and the line below it."""
    if node.line is None:
        return ""
    return f"line {node.line}" if node.cell is None else f"In [{node.cell}], {node.line}"
