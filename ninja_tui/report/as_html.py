"""A report as web pages: one a file, and an index. Each is whole by itself: no script, nothing that is fetched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TextIO

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.errors import Excerpt
from ninja_tui.formatting import number_text, shape_text, visible
from ninja_tui.report.html_style import STYLE
from ninja_tui.report.points import Points, points_text
from ninja_tui.report.records import FileRecord, LessonRecord, NodeRecord, Tally

INDEX = "index.html"
LONGEST_SLUG = 40
COUNTED = (Status.FAIL, Status.ERROR, Status.TIMEOUT, Status.MISSING)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Of the content: a style, and nothing else, whatever a page may come to hold."""


def page_name(record: FileRecord) -> str:
    """The name of a file's page: always the same for the same path, and another for each."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", Path(record.path).name)[:LONGEST_SLUG].strip("-").lower() or "file"
    digest = hashlib.sha256(record.path.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{slug}-{digest[:10]}.html"


def write_page(stream: TextIO, record: FileRecord, points: Points) -> None:
    """Writes the page of a file."""
    title = _text(record.path)
    body = [
        f'<p class="up"><a href="{INDEX}">all files</a></p>',
        f'<h1><span class="path">{title}</span> {_badge(record.status)}</h1>',
    ]
    if record.error is not None:
        body.append(f'<p class="problem">{_text(record.error)}</p>')
    body += [f'<p class="note">{_text(note)}</p>' for note in record.notes]
    for lesson in record.lessons:
        body += _lesson(lesson, points)
    stream.write(_page(title, body))


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
    stream.write(_page("ninja-tui: all files", body))


def _index_row(record: FileRecord, points: Points) -> str:
    passed, total = (sum(getattr(lesson, what) for lesson in record.lessons) for what in ("passed", "total"))
    got, most = points.of_file(record)
    statuses = [node.status for lesson in record.lessons for node in lesson.nodes]
    problem = "" if record.error is None else f'<div class="problem">{_text(record.error)}</div>'
    cells = [
        f'<td class="file"><a class="path" href="{page_name(record)}">{_text(record.path)}</a>{problem}</td>',
        f"<td>{_badge(record.status)}</td>",
        f'<td class="number">{f"{passed} of {total}" if total else ""}</td>',
        f'<td class="bar">{_bar(passed, total) if total else ""}</td>',
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
        f"<h2>{_text(lesson.lesson)}</h2>",
        f'<p class="facts">{_bar(lesson.passed, lesson.total)} {" · ".join(map(_text, facts))}</p>',
        '<div class="wide"><table><thead><tr><th>gradient</th><th>status</th><th>line</th><th>shape</th><th>exact</th>'
        '<th>approximate</th><th class="number">maxdiff</th></tr></thead>',
        *(_answer(node) for node in lesson.nodes),
        "</table></div>",
    ]


def _answer(node: NodeRecord) -> str:
    """The row of an answer, and below it what there is to say on it, with its code."""
    line = "" if node.line is None else str(node.line)
    if node.cell is not None:
        line = f"cell {node.cell}, {line}"
    wrong_shape = node.shape is not None and node.shape != node.expected_shape
    shape = shape_text(node.expected_shape if node.shape is None else node.shape)
    words = [str(node.diagnosis.kind)] if node.diagnosis is not None and node.status is not Status.PASS else []
    words += [*node.warnings, *(["revealed"] if node.revealed else [])]
    labels = "".join(f' <span class="label">{_text(word)}</span>' for word in words)
    cells = [
        f'<th scope="row">{_text(node.gradient)}</th>',
        f"<td>{_badge(node.status)}{labels}</td>",
        f"<td>{line}</td>",
        f"<td{' class=off' if wrong_shape else ''}>{_text(shape)}</td>",
        f"<td>{_yes_no(node, value=node.exact)}</td>",
        f"<td>{_yes_no(node, value=node.approximate)}</td>",
        f'<td class="number">{_number(node.maxdiff)}</td>',
    ]
    said = "".join(f"<p>{_text(sentence)}</p>" for sentence in node.sentences)
    code = f"<pre>{''.join(map(_code, node.code))}</pre>" if node.code else ""
    below = f'<tr class="said"><td colspan="{len(cells)}">{code}{said}</td></tr>' if said or code else ""
    return f'<tbody class="{node.status}"><tr>{"".join(cells)}</tr>{below}</tbody>'


def _code(excerpt: Excerpt) -> str:
    """A line of code, in which what is meant is marked."""
    code = visible(excerpt.code)
    start, end = max(0, min(excerpt.start, len(code))), max(0, min(excerpt.end, len(code)))
    marked = f"<mark>{escape(code[start:end])}</mark>" if end > start else ""
    return f'<span class="at">{excerpt.line}</span>{escape(code[:start])}{marked}{escape(code[max(start, end) :])}\n'


def _badge(status: Status) -> str:
    return f'<span class="badge {status}">{status}</span>'


def _bar(passed: int, total: int) -> str:
    return f'<meter min="0" max="{max(total, 1)}" value="{passed}">{passed} of {total}</meter>'


def _yes_no(node: NodeRecord, *, value: bool) -> str:
    return "–" if node.shape is None else "yes" if value else "no"


def _number(value: float | str | None) -> str:
    return value if isinstance(value, str) else number_text(value)


def _text(text: str) -> str:
    return escape(visible(text))


def _page(title: str, body: Iterable[str]) -> str:
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="color-scheme" content="light dark"><title>{title}</title><style>{STYLE}</style>'
    )
    inside = "\n".join(body)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{inside}\n</main></body></html>\n'
