"""Where another answer goes in a file that holds one already: in its place, or after it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ninja_tui.lesson.program import Answer, Program, ProgramStatement
from ninja_tui.lesson.syntax.fragment import parsed
from ninja_tui.lesson.syntax.free_names import defined, free_reads
from ninja_tui.lesson.syntax.names import assigned, changed


def can_be_cut_out(program: Program, answer: Answer, code: str = "") -> bool:
    """Whether nothing but ``answer`` is lost with its statements, where ``code`` takes their place.

    They may answer no other node, and bind nothing that the rest of the file reads; nor may anything read the gradient
    before it is complete.
    """
    steps = [program.steps[index] for index in answer.steps]
    if any(program.answers[number].node != answer.node for step in steps for number in step.answers):
        return False
    between = set(range(answer.steps[0], answer.last)) - set(answer.steps)
    if any(answer.gradient in program.steps[index].reads for index in between):
        return False
    tree = parsed(code)
    still_bound = {name for statement in (tree.body if tree else ()) for name in assigned(statement)}
    return not any(
        _is_read_after(program, index, name, set(answer.steps))
        for index in answer.steps
        for name in _binds(program.steps[index]) - {answer.gradient} - still_bound
    )


def _binds(step: ProgramStatement) -> frozenset[str]:
    return frozenset(defined(step.tree)) | changed(step.tree)


def _is_read_after(program: Program, index: int, name: str, without: Collection[int]) -> bool:
    """Whether a statement after ``index`` reads the value that ``name`` has there."""
    for later, step in enumerate(program.steps[index + 1 :], index + 1):
        if later in without:
            continue
        if name in free_reads(step.tree) or name in changed(step.tree):
            return True
        if name in assigned(step.tree):
            return False
    return False


def start_of(program: Program, answer: Answer) -> int:
    """The line in which ``answer`` begins, or a statement that reaches into that line."""
    start = answer.line
    while before := [step.line for step in program.steps if step.line < start <= step.end_line]:
        start = min(before)
    return start


def replaced(lines: Sequence[str], program: Program, answer: Answer, body: Sequence[str]) -> list[str]:
    """``lines`` with ``body`` in the place of the answer's last statement, and without its others.

    A statement that shares a line with one of them gets a line of its own.
    """
    return _laid_out(lines, program, set(answer.steps), answer.last, body)


def followed(lines: Sequence[str], program: Program, answer: Answer, body: Sequence[str]) -> list[str]:
    """``lines`` with ``body`` after the answer's last statement, which stays.

    A statement that shares a line with that one gets a line of its own.
    """
    return _laid_out(lines, program, set(), answer.last, body)


def _laid_out(lines: Sequence[str], program: Program, removed: set[int], at: int, body: Sequence[str]) -> list[str]:
    """``lines`` without the statements ``removed``, and with ``body`` after the statement ``at``."""
    spans = [range(step.line - 1, step.end_line) for step in program.steps]
    last_line = spans[at].stop - 1
    if not removed and not any(last_line in span for span in spans[at + 1 :]):
        return [*lines[: last_line + 1], *body, *lines[last_line + 1 :]]
    moved = {line for index in {*removed, at} for line in spans[index]}
    moved = {line for span in spans if moved.intersection(span) for line in span}
    new: dict[int, list[str]] = {}
    for index, span in enumerate(spans):
        if span.start in moved:
            code = [] if index in removed else program.steps[index].code.split("\n")
            new.setdefault(span.start, []).extend([*code, *(body if index == at else ())])
    result: list[str] = []
    for number, line in enumerate(lines):
        result.extend(new.get(number, []))
        if number not in moved:
            result.append(line)
    return result
