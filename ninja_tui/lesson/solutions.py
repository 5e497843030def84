"""The solutions file: what the app saves, what ``--replay`` checks, what a teacher grades.

A Python script. ``# %% lesson: names`` begins a lesson's section, ``# %% probs`` the cell of one answer; both
are optional. Whatever else the file holds stays as it is when an answer is written into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ninja_tui.lesson.model import Lesson, gradient_name
from ninja_tui.lesson.program import Program, read_program
from ninja_tui.lesson.read import read_text
from ninja_tui.lesson.replacing import can_be_cut_out, followed, replaced, start_of
from ninja_tui.lesson.syntax.completeness import comments

_MARKER = re.compile(r"#\s?%%(?P<title>.*)")
LESSON_MARKER = re.compile(r"^#\s?%%\s*lesson:", re.MULTILINE)
_MARK = re.compile(r"# (?:revealed: d(?P<revealed>\w+)|hints: d(?P<hinted>\w+) (?P<hints>\d{1,3}))")
"""Says of an answer that it was revealed, or how many hints were shown."""
_LESSON = re.compile(r"\s*lesson:\s*(?P<name>\S+)\s*")


@dataclass(frozen=True)
class SavedAnswer:
    """The answer to one node in a file: its code, empty where it was only revealed or hinted at.

    ``hints`` is how many hints were shown.
    """

    code: str
    revealed: bool = False
    hints: int = 0


@dataclass(frozen=True)
class Section:
    """A lesson's part of a file: the lines ``start`` up to ``end``, counted from 0, end excluded."""

    lesson: str
    start: int
    end: int


@dataclass(frozen=True)
class _Marker:
    line: int
    title: str


class Solutions:
    """The text of a solutions file, read by lesson and node. Immutable: a change gives a new one."""

    def __init__(self, text: str, where: str, default_lesson: str) -> None:
        """Raises UsageError, with the line, where ``text`` is not Python."""
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.where = where
        self.default_lesson = default_lesson
        self._lines = self.text.split("\n")
        self._programs: dict[tuple[str, tuple[str, ...]], Program] = {}
        self._comments = comments_between(self.text, read_program(self.text, (), where))
        self._markers = [
            _Marker(line, match["title"].strip())
            for line, comment in self._comments.items()
            if (match := _MARKER.fullmatch(comment))
        ]

    def sections(self) -> list[Section]:
        """The lessons' parts in file order; what stands before the first marker is the default lesson's."""
        return self._sections

    @cached_property
    def _sections(self) -> list[Section]:
        starts = [(m.line, match["name"]) for m in self._markers if (match := _LESSON.fullmatch(m.title))]
        head = "\n".join(self._lines[: starts[0][0] if starts else len(self._lines)])
        if not starts or read_program(head, (), self.where).steps:
            starts.insert(0, (0, self.default_lesson))
        ends = [start for start, _ in starts[1:]] + [len(self._lines)]
        return [Section(name, start, end) for (start, name), end in zip(starts, ends, strict=True)]

    def program(self, lesson: str, nodes: Sequence[str]) -> Program:
        """All statements and answers of ``lesson``, of all its sections; lines count in the file."""
        key = lesson, tuple(nodes)
        if key not in self._programs:
            self._programs[key] = read_program("\n".join(self.lines(lesson)), nodes, self.where)
        return self._programs[key]

    def lines(self, lesson: str) -> tuple[str, ...]:
        """The lines of the file; those that belong to other lessons are empty."""
        masked = [""] * len(self._lines)
        for section in self.sections():
            if section.lesson == lesson:
                masked[section.start : section.end] = self._lines[section.start : section.end]
        return tuple(masked)

    def answers(self, lesson: str, nodes: Sequence[str]) -> dict[str, SavedAnswer]:
        """The answers to the nodes of ``lesson``; of several to a node the last."""
        saved: dict[str, SavedAnswer] = {}
        program = self.program(lesson, nodes)
        revealed, hints = self._marks(lesson)
        for node in nodes:
            answers = program.of_node(node)
            code = ""
            if answers:
                code = "\n".join(program.steps[index].code for index in answers[-1].steps)
                cell = self._own_cell(lesson, node, nodes)
                if cell is not None and cell[0] < answers[-1].line - 1 < cell[1]:
                    body = range(cell[0] + 1, cell[1])
                    lines = [self._lines[n] for n in body if not _MARK.fullmatch(self._comments.get(n, ""))]
                    code = "\n".join(lines).strip("\n").rstrip()
            if code or node in revealed or node in hints:
                saved[node] = SavedAnswer(code, node in revealed, hints.get(node, 0))
        return saved

    def with_answer(self, lesson: str, node: str, answer: SavedAnswer, walk: Sequence[str]) -> Solutions:
        """This file with ``answer`` in the place of the last one to ``node``, or where the walk puts it.

        What answers other nodes stays as it is: where the old answer cannot be cut out of it, the new one comes after.
        """
        body = [*_marks_of(node, answer), *(answer.code.split("\n") if answer.code else [])]
        cell = self._own_cell(lesson, node, walk)
        if answer.code and self.program(lesson, walk).of_node(node):
            return self._answered_again(lesson, node, answer, walk, body)
        if cell is not None:
            return self._with_lines(self._with_cell_body(cell, body))
        return self._with_new_cell(lesson, node, walk, body)

    def _answered_again(
        self, lesson: str, node: str, answer: SavedAnswer, walk: Sequence[str], body: list[str]
    ) -> Solutions:
        """This file with another answer to a node that it answers: of all ways the first that loses nothing."""
        before = self._codes(lesson, walk)
        first: Solutions | None = None
        for lines in self._ways(lesson, node, answer, walk, body):
            changed = self._with_lines(lines)
            first = first or changed
            after = changed._codes(lesson, walk)
            saved = changed.answers(lesson, walk)[node]
            same_others = all(after[other] == before[other] for other in walk if other != node)
            marked = saved.revealed >= answer.revealed and saved.hints >= answer.hints
            if same_others and saved.code == answer.code and marked:
                return changed
        return first or self

    def _ways(
        self, lesson: str, node: str, answer: SavedAnswer, walk: Sequence[str], body: list[str]
    ) -> Iterator[list[str]]:
        """The lines of the file with ``body`` in the place of the last answer to ``node``, and after that answer."""
        program = self.program(lesson, walk)
        last = program.of_node(node)[-1]
        cell = self._own_cell(lesson, node, walk)
        if cell is not None and all(cell[0] < program.steps[index].line - 1 < cell[1] for index in last.steps):
            yield self._with_cell_body(cell, body)
        elif self.answers(lesson, walk)[node].code == answer.code:
            at = end = start_of(program, last) - 1
            while at and _marked(self._comments.get(at - 1, "")) == node:
                at -= 1
            yield [*self._lines[:at], *_marks_of(node, answer), *self._lines[end:]]
        bodies = (body, [f"# %% {node}", *body], [f"# %% {node}", *body, "# %%"])
        if can_be_cut_out(program, last, answer.code):
            for each in bodies:
                yield replaced(self._lines, program, last, each)
        for each in bodies:
            yield followed(self._lines, program, last, each)

    def _codes(self, lesson: str, nodes: Sequence[str]) -> dict[str, list[list[str]]]:
        """For each node the codes of the statements of each of its answers."""
        program = self.program(lesson, nodes)
        codes: dict[str, list[list[str]]] = {node: [] for node in nodes}
        for answer in program.answers:
            codes[answer.node].append([program.steps[index].code for index in answer.steps])
        return codes

    def _with_cell_body(self, cell: tuple[int, int], body: list[str]) -> list[str]:
        return [*self._lines[: cell[0] + 1], *body, *self._lines[self._blank_end(cell[0] + 1, cell[1]) :]]

    def _with_new_cell(self, lesson: str, node: str, walk: Sequence[str], body: list[str]) -> Solutions:
        cell_lines = [f"# %% {node}", *body]
        if not any(section.lesson == lesson for section in self.sections()) or not self.text.strip():
            before = self._lines[: self._blank_end(0, len(self._lines))]
            return self._with_lines([*before, f"# %% lesson: {lesson}", *cell_lines, ""])
        at = self._place(lesson, node, walk)
        before = self._lines[:at]
        if before and "\n".join(before).strip() and at == len(self._lines):
            before = before[: self._blank_end(0, at)]
        return self._with_lines([*before, *cell_lines, *(self._lines[at:] or [""])])

    def line_of(self, lesson: str, node: str, walk: Sequence[str]) -> int:
        """The line, from 0, at which an answer to ``node`` begins, or would begin if there is none yet."""
        cell = self._own_cell(lesson, node, walk)
        if cell is not None:
            return cell[0]
        program = self.program(lesson, walk)
        answers = program.of_node(node)
        if answers and can_be_cut_out(program, answers[-1]):
            return answers[-1].line - 1
        if answers:
            return program.steps[answers[-1].last].end_line
        if not any(section.lesson == lesson for section in self.sections()):
            return len(self._lines)
        return self._place(lesson, node, walk)

    def _marks(self, lesson: str) -> tuple[set[str], dict[str, int]]:
        """The nodes that were revealed, and how many hints to which were shown."""
        ranges = [range(section.start, section.end) for section in self.sections() if section.lesson == lesson]
        revealed: set[str] = set()
        hints: dict[str, int] = {}
        for line, comment in self._comments.items():
            match = _MARK.fullmatch(comment)
            if match is None or not any(line in lines for lines in ranges):
                continue
            if match["revealed"]:
                revealed.add(match["revealed"])
            else:
                hints[match["hinted"]] = max(int(match["hints"]), hints.get(match["hinted"], 0))
        return revealed, hints

    def _own_cell(self, lesson: str, node: str, nodes: Sequence[str]) -> tuple[int, int] | None:
        """The cell of ``node``, unless answers to other nodes stand in it too."""
        cell = self._cell(lesson, node)
        if cell is None:
            return None
        program = self.program(lesson, nodes)
        inside = {number for step in program.steps if cell[0] < step.line <= cell[1] for number in step.answers}
        return cell if all(program.answers[number].node == node for number in inside) else None

    def _cell(self, lesson: str, node: str) -> tuple[int, int] | None:
        """The last cell titled ``node``: the line of its marker, and the line after its end."""
        cell = None
        for section in self.sections():
            if section.lesson != lesson:
                continue
            inside = [marker for marker in self._markers if section.start <= marker.line < section.end]
            for index, marker in enumerate(inside):
                if marker.title == node:
                    after = inside[index + 1].line if index + 1 < len(inside) else section.end
                    cell = (marker.line, after)
        return cell

    def _place(self, lesson: str, node: str, walk: Sequence[str]) -> int:
        """The line before which a new cell for ``node`` goes, so that cells stand in walk order."""
        position = walk.index(node)
        for earlier in reversed(walk[:position]):
            cell = self._cell(lesson, earlier)
            if cell is not None:
                return cell[1]
        for later in walk[position + 1 :]:
            cell = self._cell(lesson, later)
            if cell is not None:
                return cell[0]
        return [section.end for section in self.sections() if section.lesson == lesson][-1]

    def _blank_end(self, start: int, end: int) -> int:
        while end > start and not self._lines[end - 1].strip():
            end -= 1
        return end

    def _with_lines(self, lines: list[str]) -> Solutions:
        text = "\n".join(lines)
        return Solutions(text if text.endswith("\n") else text + "\n", self.where, self.default_lesson)


def _marks_of(node: str, answer: SavedAnswer) -> list[str]:
    """The comments that stand above ``answer``."""
    marks = [f"# revealed: {gradient_name(node)}"] if answer.revealed else []
    return [*marks, f"# hints: {gradient_name(node)} {answer.hints}"] if answer.hints else marks


def is_mark(comment: str) -> bool:
    """Whether a comment is ours: it begins a cell, or says that an answer was revealed or hinted at."""
    return bool(_MARKER.fullmatch(comment) or _MARK.fullmatch(comment))


def _marked(comment: str) -> str | None:
    """The node of whose answer ``comment`` is a mark."""
    match = _MARK.fullmatch(comment)
    return (match["revealed"] or match["hinted"]) if match else None


def comments_between(text: str, program: Program) -> dict[int, str]:
    """The comments that begin a line outside of every statement, by line from 0."""
    inside = {line for step in program.steps for line in range(step.line, step.end_line + 1)}
    return {
        token.start[0] - 1: token.string
        for token in comments(text)
        if token.start[1] == 0 and token.start[0] not in inside
    }


def tidy(code: str) -> str:
    """An answer as it is saved: newlines of one kind, no blank lines around it, no line that begins a cell."""
    code = code.replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
    lines = code.split("\n")
    for comment in comments(code):
        line = comment.start[0] - 1
        if comment.start[1] == 0 and (_MARKER.fullmatch(lines[line]) or _MARK.fullmatch(lines[line])):
            lines[line] = f"#{lines[line]}"
    return "\n".join(lines)


def read_solutions(path: Path, default_lesson: str) -> Solutions:
    """The file at ``path``; raises UsageError where it is missing, no text, or no Python."""
    return Solutions(read_text(path, "the solutions file"), str(path), default_lesson)


def bundled_answers(lesson: Lesson) -> dict[str, tuple[str, ...]]:
    """The lesson's own answers by node: the form that people know, and after it the exact one where it is another."""
    nodes = [node.name for node in lesson.nodes]
    forms: dict[str, tuple[str, ...]] = {}
    for path in (lesson.textbook, lesson.solution):
        answers = read_solutions(path, lesson.name).answers(lesson.name, nodes) if path else {}
        for node, answer in answers.items():
            forms[node] = tuple(dict.fromkeys((*forms.get(node, ()), answer.code)))
    return forms
