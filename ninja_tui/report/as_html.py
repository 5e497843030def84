"""A report as web pages: one a file, and an index. Each is whole by itself: no script, nothing that is fetched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.formatting import shape_text
from ninja_tui.report.html import badge, bar, code_line, number, plain, whole_page, yes_no
from ninja_tui.report.points import Points, points_text
from ninja_tui.report.records import FileRecord, LessonRecord, NodeRecord, Tally

INDEX = "index.html"
LONGEST_SLUG = 40
COUNTED = (Status.FAIL, Status.ERROR, Status.TIMEOUT, Status.MISSING)
ANSWERS_HEAD = (
    "<thead><tr><th>gradient</th><th>status</th><th>line</th><th>shape</th><th>exact</th><th>approximate</th>"
    '<th class="number">maxdiff</th></tr></thead>'
)


def page_name(record: FileRecord) -> str:
    """The name of a file's page: always the same for the same path, and another for each."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", Path(record.path).name)[:LONGEST_SLUG].strip("-").lower() or "file"
    digest = hashlib.sha256(record.path.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{slug}-{digest[:10]}.html"


def write_page(stream: TextIO, record: FileRecord, points: Points) -> None:
    """Writes the page of a file."""
    title = plain(record.path)
    body = [
        f'<p class="up"><a href="{INDEX}">all files</a></p>',
        f'<h1><span class="path">{title}</span> {badge(record.status)}</h1>',
    ]
    if record.error is not None:
        body.append(f'<p class="problem">{plain(record.error)}</p>')
    body += [f'<p class="note">{plain(note)}</p>' for note in record.notes]
    for lesson in record.lessons:
        body += _lesson(lesson, points)
    stream.write(whole_page(title, body))


def write_index(stream: TextIO, records: Iterable[FileRecord], points: Points, *, interrupted: bool) -> None:
    """Writes the index: a row for each file."""
    tally, rows = Tally(), []
    for record in records:
        tally.add(record)
        rows.append(_index_row(record, points))
    facts = [f"{tally.passed} of {tally.total} gradients pass"]
    facts += [f"{count} {status}" for status, count in sorted(tally.by_status.items())]
    body = [
        f"<h1>{tally.files} {'file' if tally.files == 1 else 'files'}</h1>",
        f'<p class="facts">{" · ".join(facts)}</p>',
        *(['<p class="problem">The run was interrupted: not all files are here.</p>'] if interrupted else []),
        '<div class="wide"><table><thead><tr><th>file</th><th>status</th><th class="number">pass</th>'
        '<th class="bar"></th><th class="number">points</th>',
        *(f'<th class="number fewer">{status}</th>' for status in COUNTED),
        "</tr></thead><tbody>",
        *rows,
        "</tbody></table></div>",
    ]
    stream.write(whole_page("ninja-tui: all files", body))


def _index_row(record: FileRecord, points: Points) -> str:
    passed, total = (sum(getattr(lesson, what) for lesson in record.lessons) for what in ("passed", "total"))
    got, most = points.of_file(record)
    statuses = [node.status for lesson in record.lessons for node in lesson.nodes]
    problem = "" if record.error is None else f'<div class="problem">{plain(record.error)}</div>'
    cells = [
        f'<td class="file"><a class="path" href="{page_name(record)}">{plain(record.path)}</a>{problem}</td>',
        f"<td>{badge(record.status)}</td>",
        f'<td class="number">{f"{passed} of {total}" if total else ""}</td>',
        f'<td class="bar">{bar(passed, total) if total else ""}</td>',
        f'<td class="number">{f"{points_text(got)} of {points_text(most)}" if total else ""}</td>',
        *(f'<td class="number fewer">{statuses.count(status) or ""}</td>' for status in COUNTED),
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _lesson(lesson: LessonRecord, points: Points) -> list[str]:
    got, most = points.of_lesson(lesson)
    exact = len({node.node for node in lesson.nodes if node.exact and node.status is Status.PASS})
    loss = lesson.loss if isinstance(lesson.loss, str) or lesson.loss is None else f"{lesson.loss:.4f}"
    facts = [f"{lesson.passed} of {lesson.total} pass", f"{exact} exact"]
    facts += [f"{points_text(got)} of {points_text(most)} points", *([] if loss is None else [f"loss {loss}"])]
    facts += [] if lesson.seed is None else [f"seed {lesson.seed}"]
    return [
        f"<h2>{plain(lesson.lesson)}</h2>",
        f'<p class="facts">{bar(lesson.passed, lesson.total)} {" · ".join(map(plain, facts))}</p>',
        f'<div class="wide"><table>{ANSWERS_HEAD}',
        *(answer_rows(node, _place(node)) for node in lesson.nodes),
        "</table></div>",
    ]


def _place(node: NodeRecord) -> str:
    line = "" if node.line is None else str(node.line)
    return line if node.cell is None else f"cell {node.cell}, {line}"


def answer_rows(node: NodeRecord, place: str, *more: str) -> str:
    """The row of an answer, which stands at ``place``, and below it what there is to say on it, with its code.

    ``more`` is HTML that comes below that.
    """
    wrong_shape = node.shape is not None and node.shape != node.expected_shape
    shape = shape_text(node.expected_shape if node.shape is None else node.shape)
    words = [str(node.diagnosis.kind)] if node.diagnosis is not None and node.status is not Status.PASS else []
    words += [*node.warnings, *(["revealed"] if node.revealed else [])]
    labels = "".join(f' <span class="label">{plain(word)}</span>' for word in words)
    cells = [
        f'<th scope="row">{plain(node.gradient)}</th>',
        f"<td>{badge(node.status)}{labels}</td>",
        f"<td>{plain(place)}</td>",
        f"<td{' class=off' if wrong_shape else ''}>{plain(shape)}</td>",
        f"<td>{yes_no(node, value=node.exact)}</td>",
        f"<td>{yes_no(node, value=node.approximate)}</td>",
        f'<td class="number">{number(node.maxdiff)}</td>',
    ]
    said = "".join(f"<p>{plain(sentence)}</p>" for sentence in node.sentences)
    code = f"<pre>{''.join(map(code_line, node.code))}</pre>" if node.code else ""
    told = f"{code}{said}{''.join(more)}"
    below = f'<tr class="said"><td colspan="{len(cells)}">{told}</td></tr>' if told else ""
    return f'<tbody class="{node.status}"><tr>{"".join(cells)}</tr>{below}</tbody>'
