"""A file's answers as one page that is whole by itself: no script, nothing that is fetched, all text plain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.errors import Excerpt, UsageError
from ninja_tui.export.curve import curve_svg
from ninja_tui.export.graph import Picture, picture_of
from ninja_tui.export.pieces import sentences_of
from ninja_tui.export.style import EXPORT_STYLE
from ninja_tui.formatting import shape_text, visible
from ninja_tui.lesson.locations import cell_and_line
from ninja_tui.lesson.model import Lesson
from ninja_tui.replay import FileReport, LessonReport, TrainingReport
from ninja_tui.report.heatmap import heatmap_html
from ninja_tui.report.html import badge, bar, code_line, number, plain, prose, whole_page, yes_no
from ninja_tui.report.records import LessonRecord, NodeRecord, record_of

MOST_DRAWN = 300
"""Tensors of a graph; more are not drawn."""
DEEPER = 6
"""Rows by which a graph is deeper than the table; then the answers stand beside it too."""
MOST_LINES = 40
"""Of an answer's code; of a longer one those around the line that it is about are shown."""
AROUND = 6
LONGEST_LINE = 400
"""Characters of a line of code."""


@dataclass(frozen=True)
class Exported:
    """What a page shows: a file's report, and the training of one of its lessons, or why there was none.

    ``remarks`` say what there is to know of the training, as whose gradients stand in.
    """

    file: FileReport
    lessons: tuple[LessonReport, ...]
    training: TrainingReport | None = None
    untrained: str | None = None
    remarks: tuple[str, ...] = ()


def page_of(exported: Exported, version: str) -> str:
    """The page as HTML."""
    file = exported.file
    records = {id(lesson): record for lesson, record in zip(file.lessons, record_of(file).lessons, strict=True)}
    name = plain(Path(file.path).name)
    status = file.status if exported.lessons == file.lessons else _status(exported.lessons)
    body = [f'<h1><span class="path">{name}</span> {badge(status)}</h1>']
    body += [f'<p class="note">{plain(note)}</p>' for note in file.notes]
    for index, lesson in enumerate(exported.lessons, 1):
        body += _Section(file, lesson, records[id(lesson)], f"l{index}").lines()
        if exported.training is not None and exported.training.lesson == _trained_as(lesson):
            body += _training(exported.training, exported.remarks)
    if exported.untrained is not None:
        body += ["<h3>Training</h3>", f'<p class="note">{plain(exported.untrained)}</p>']
    torch = next((lesson.torch for lesson in exported.lessons), "")
    body.append(f"<footer>Judged by ninja-tui {plain(version)} with PyTorch {plain(torch)}.</footer>")
    return whole_page(f"{name}: gradients by hand", body, EXPORT_STYLE)


def _trained_as(lesson: LessonReport) -> str:
    return lesson.answered.lesson.name if lesson.answered is not None else lesson.lesson


def _status(lessons: tuple[LessonReport, ...]) -> Status:
    return Status.PASS if all(lesson.passed == lesson.total for lesson in lessons) else Status.FAIL


class _Section:
    """What a page shows of one lesson; its anchors begin with ``prefix``."""

    def __init__(self, file: FileReport, report: LessonReport, record: LessonRecord, prefix: str) -> None:
        self._file, self._report, self._record, self._prefix = file, report, record, prefix
        self._lesson = _lesson_of(file, report)

    def lines(self) -> Iterator[str]:
        """Its HTML."""
        record = self._record
        yield f"<h2>{plain(record.lesson)}</h2>"
        yield f'<p class="facts">{bar(record.passed, record.total)} {" · ".join(map(plain, self._facts()))}</p>'
        table, graph = f'<div class="main wide">{self._table()}</div>', self._graph()
        if graph is None:
            yield table
            yield from self._answers()
        elif graph.rows > len(record.nodes) + DEEPER:  # all that there is goes beside it
            answers = "\n".join(self._answers())
            yield f'<div class="deep">{table}<div class="wide picture">{graph.svg}</div><div>{answers}</div></div>'
        else:
            yield f'<div class="beside">{table}<div class="wide">{graph.svg}</div></div>'
            yield from self._answers()

    def _answers(self) -> Iterator[str]:
        yield "<h3>Answers</h3>"
        for index, (verdict, node) in enumerate(self._rows()):
            if node.status is not Status.MISSING:
                yield self._answer(index, verdict, node)
        missing = [node.gradient for _, node in self._rows() if node.status is Status.MISSING]
        if missing:
            yield f'<p class="answer">{len(missing)} missing: {plain(", ".join(missing))}</p>'

    def _rows(self) -> Iterator[tuple[Verdict, NodeRecord]]:
        return zip(self._report.verdicts, self._record.nodes, strict=True)

    def _facts(self) -> Iterator[str]:
        record = self._record
        yield f"{record.passed} of {record.total} pass"
        yield f"{len({node.node for node in record.nodes if node.exact and node.status is Status.PASS})} exact"
        for status in Status:
            count = sum(node.status is status for node in record.nodes)
            if count and status is not Status.PASS:
                yield f"{count} {status}"
        yield f"loss {record.loss if not isinstance(record.loss, float) else f'{record.loss:.4f}'}"
        if record.seed is not None:
            yield f"seed {record.seed}"

    def _anchor(self, index: int) -> str:
        return f"{self._prefix}-{index}"

    def _table(self) -> str:
        head = (
            "<thead><tr><th>gradient</th><th>status</th><th>shape</th>"
            '<th class="fewer">exact</th><th class="fewer">approximate</th>'
            '<th class="number">maxdiff</th></tr></thead>'
        )
        rows = "".join(self._row(index, node) for index, (_, node) in enumerate(self._rows()))
        return f"<table>{head}<tbody>{rows}</tbody></table>"

    def _row(self, index: int, node: NodeRecord) -> str:
        name = plain(node.gradient)
        link = name if node.status is Status.MISSING else f'<a href="#{self._anchor(index)}">{name}</a>'
        shape = node.expected_shape if node.shape is None else node.shape
        off = "off whole" if shape != node.expected_shape else "whole"
        cells = [
            f'<th scope="row">{link}</th>',
            f"<td>{badge(node.status)}</td>",
            f'<td class="{off}">{plain(shape_text(shape))}</td>',
            f'<td class="fewer">{yes_no(node, value=node.exact)}</td>',
            f'<td class="fewer">{yes_no(node, value=node.approximate)}</td>',
            f'<td class="number">{number(node.maxdiff)}</td>',
        ]
        return f"<tr>{''.join(cells)}</tr>"

    def _graph(self) -> Picture | None:
        """The graph, where there is one to be drawn."""
        lesson = self._lesson
        if lesson is None or len(lesson.statements) > MOST_DRAWN:
            return None
        statuses: dict[str, Status] = {}
        links: dict[str, str] = {}
        for index, (_, node) in enumerate(self._rows()):
            if statuses.get(node.node, Status.PASS) is Status.PASS:  # of several answers the one that fails
                statuses[node.node] = node.status
                if node.status is not Status.MISSING:
                    links[node.node] = self._anchor(index)
        return picture_of(lesson, statuses, links)

    def _answer(self, index: int, verdict: Verdict, node: NodeRecord) -> str:
        words = [str(node.diagnosis.kind)] if node.diagnosis is not None and node.status is not Status.PASS else []
        words += [*node.warnings, *(["revealed"] if node.revealed else [])]
        labels = "".join(f'<span class="label">{plain(word)}</span>' for word in words)
        told = "".join(f'<p class="told">{prose(sentence)}</p>' for sentence in sentences_of(verdict))
        code = "".join(map(code_line, self._code(verdict, node)))
        heat = "" if node.difference is None else heatmap_html(node.difference)
        if heat and node.status is Status.PASS:
            heat = f"<details><summary>where it differs</summary>{heat}</details>"
        return (
            f'<section class="answer {node.status}" id="{self._anchor(index)}">'
            f"<h4>{plain(node.gradient)} {badge(node.status)}{labels}</h4>{self._about(node)}"
            f"{f'<pre>{code}</pre>' if code else ''}{told}{_compared(node)}{heat}</section>"
        )

    def _about(self, node: NodeRecord) -> str:
        """The shape, and who reads the tensor."""
        facts = [] if node.cell is None else [f"cell {node.cell}"]
        facts.append(f"<code>{plain(node.node)}</code> is {plain(shape_text(node.expected_shape))}")
        known = {} if self._lesson is None else {each.name: each for each in self._lesson.nodes}
        if self._lesson is not None and node.node in known:
            readers = [self._lesson.statements[index] for index in known[node.node].consumers]
            listed = ", ".join(f"<code>{plain(reader.code)}</code>" for reader in readers)
            facts.append(f"read by {listed}")
        return f'<p class="facts">{", ".join(facts)}</p>'

    def _code(self, verdict: Verdict, node: NodeRecord) -> Iterator[Excerpt]:
        """The lines of an answer; in them what its verdict is about."""
        marked = node.code
        lines = [
            (fragment.line + number, text)
            for fragment in self._report.code_of(verdict)
            for number, text in enumerate(fragment.code.split("\n"))
        ]
        if len(lines) > MOST_LINES:
            lines = [each for each in lines if abs(each[0] - (verdict.line or lines[0][0])) <= AROUND]
        for at, text in lines:
            line = cell_and_line(at, self._report.starts)[1]
            mark = next((each for each in marked if each.line == line and visible(text).startswith(each.code)), None)
            start, end = (0, 0) if mark is None else (mark.start, mark.end)
            yield Excerpt(line, self._whole(at, text)[:LONGEST_LINE], start, end)

    def _whole(self, line: int, text: str) -> str:
        """The line in the file that begins with ``text``, with the comment behind it."""
        lines = () if self._report.answered is None else self._report.answered.lines
        found = lines[line - 1] if 0 < line <= len(lines) else ""
        return found if found.startswith(text) else text


def _compared(node: NodeRecord) -> str:
    if node.shape is None:
        return ""
    columns = f"exact {yes_no(node, value=node.exact)} · approximate {yes_no(node, value=node.approximate)}"
    shape = "" if node.shape == node.expected_shape else f" · shape {plain(shape_text(node.shape))}"
    return f'<p class="cmp">{columns} · maxdiff {number(node.maxdiff)}{shape}</p>'


def _lesson_of(file: FileReport, report: LessonReport) -> Lesson | None:
    """The lesson that was answered; of a program the forward pass that is read from its text, if there is one."""
    if report.answered is not None:
        return report.answered.lesson
    if file.network is None:
        return None
    try:
        lessons = file.network.discovery.lessons
    except UsageError:
        return None
    position = file.lessons.index(report)
    return lessons[position].lesson if position < len(lessons) else None


def _training(training: TrainingReport, remarks: tuple[str, ...]) -> Iterator[str]:
    """The curve and the names."""
    done = training.outcome
    losses: Mapping[str, float | None] = {"training set": done.train_loss, "validation set": done.val_loss}
    facts = [f"{done.steps:,} steps in {done.seconds:.1f} s, {done.side} backward pass"]
    facts += [f"loss on the {name} {value:.4f}" for name, value in losses.items() if value is not None]
    yield "<h3>Training on these gradients</h3>"
    yield f'<p class="facts">{" · ".join(map(plain, facts))}</p>'
    yield from (f'<p class="note">{plain(remark)}</p>' for remark in remarks)
    if done.stop is not None:
        yield f'<p class="problem">stopped at step {done.stop.step:,}: {plain(done.stop.message)}</p>'
    names = "".join(f"<li>{plain(name)}</li>" for name in training.names)
    listed = f'<ul class="names">{names}</ul>' if names else ""
    yield f'<div class="beside">{curve_svg(done.losses)}{listed}</div>'
