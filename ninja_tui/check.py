"""What is wrong with a lesson: for those who write one."""

from __future__ import annotations

from collections.abc import Iterator

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.failures import FAILURES, sentence_for
from ninja_tui.engine.workers.client import start_server
from ninja_tui.lesson.model import Lesson, NodeNote
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import Solutions, bundled_answers, read_solutions
from ninja_tui.lesson.syntax.literals import computed_values

HINTS = 3
TIMEOUT = 10.0
SHORTEST_CODE = 4
"""Characters; less than that gives nothing away."""
PARTS = {"setup": "the set-up", "minibatch": "the minibatch", "forward": "the forward pass"}


def check(name: str, options: Options) -> tuple[Lesson, list[str]]:
    """The lesson, and a line for each thing that is wrong with it. Raises UsageError where it cannot be read at all."""
    lesson = read_lesson(name)
    solutions = read_solutions(lesson.solution, lesson.name) if lesson.solution else None
    textbook = read_solutions(lesson.textbook, lesson.name) if lesson.textbook else None
    start_server()
    findings = [*_notes(lesson), *_hints_with_answers(lesson)]
    return lesson, [*findings, *_running(lesson, solutions, textbook, options)]


def _notes(lesson: Lesson) -> Iterator[str]:
    notes = lesson.notes
    bound = {name for statement in lesson.statements for name in statement.binds}
    if not notes.intro:
        yield "notes.md: no introduction under the first heading; its first sentence stands in the list of lessons"
    for name in notes.forward:
        if name not in bound:
            yield f"notes.md: under Forward there is `{name}`, which no statement binds"
    for name in notes.backward:
        if name not in {node.name for node in lesson.nodes}:
            yield f"notes.md: under Backward there is `{name}`, which is no node"
    for name in lesson.asks:
        note = notes.backward.get(name)
        if note is None:
            yield f"notes.md: no notes on `{name}`, which the lesson asks for"
        else:
            yield from _note(name, note)


def _note(name: str, note: NodeNote) -> Iterator[str]:
    parts = {"Shape": note.shape, "Why": note.why, "Notice": note.notice}
    missing = [label for label, text in parts.items() if not text]
    if missing:
        yield f"notes.md: `{name}` has no {', '.join(missing)}"
    for label in note.unknown:
        where = "; the local derivative is hint 2" if label == "Maths" else ""
        yield f"notes.md: `{name}` has {label}, which has no place on the card{where}"
    hints = [hint for hint in note.hints if hint]
    if len(hints) != HINTS:
        yield f"notes.md: `{name}` has {len(hints)} hint{'s' if len(hints) != 1 else ''}, not {HINTS}"
    elif len(set(hints)) != HINTS:
        yield f"notes.md: two hints on `{name}` are the same"


def _hints_with_answers(lesson: Lesson) -> Iterator[str]:
    """Hints that hold what the solution answers."""
    answers = bundled_answers(lesson)
    for name, note in lesson.notes.backward.items():
        values = [value for code in answers.get(name, ()) for value in _values(code)]
        for number, hint in enumerate(note.hints, 1):
            if any(_gives_away(hint, value) for value in values):
                yield f"notes.md: hint {number} on `{name}` holds the solution's code"


def _values(code: str) -> list[str]:
    """What the answer's statements compute, without spaces; plain names and numbers are left out."""
    return [_dense(value) for value in computed_values(code)]


def _gives_away(hint: str, value: str) -> bool:
    spans = [_dense(span) for span in hint.split("`")[1::2]]
    parts = [span for span in spans if len(span) >= SHORTEST_CODE and not span.replace(".", "").isidentifier()]
    return (len(value) >= SHORTEST_CODE and value in _dense(hint.replace("`", ""))) or any(
        part in value for part in parts
    )


def _dense(text: str) -> str:
    return "".join(text.split())


def _running(
    lesson: Lesson, solutions: Solutions | None, textbook: Solutions | None, options: Options
) -> Iterator[str]:
    """What shows only when the lesson runs."""
    bench = Workbench(lesson, options)
    try:
        bench.open()
        yield from _solution(bench, solutions)
        if textbook is not None:
            yield from _failing(bench, textbook, "textbook.py")
        yield from _unseeded(bench)
    except FAILURES as error:
        yield sentence_for(error, lesson.name)
    finally:
        bench.close()


def _solution(bench: Workbench, solutions: Solutions | None) -> Iterator[str]:
    lesson = bench.lesson
    if solutions is None:
        yield "solution.py is missing"
        return
    program = solutions.program(lesson.name, list(bench.facts.shapes))
    answered = {answer.node for answer in program.answers}
    for name in lesson.asks:
        if name not in answered:
            yield f"solution.py: no answer to `{name}`, which the lesson asks for"
    yield from _failing(bench, solutions, "solution.py")


def _failing(bench: Workbench, solutions: Solutions, name: str) -> Iterator[str]:
    """The answers of the lesson's file ``name`` that do not pass."""
    program = solutions.program(bench.lesson.name, list(bench.facts.shapes))
    for verdict in ProgramJudge(bench, program, TIMEOUT).judge_all():
        if not verdict.passed:
            reason = verdict.error or (verdict.diagnosis.message if verdict.diagnosis else "")
            yield f"{name}, line {verdict.line}: {verdict.gradient} does not pass ({verdict.status}): {reason}"


def _unseeded(bench: Workbench) -> Iterator[str]:
    """Names that differ between two runs whose global generators begin differently."""
    unseeded = bench.unseeded()
    for part, description in PARTS.items():
        names: tuple[str, ...] = getattr(unseeded, part)
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            listed = ", ".join(f"`{name}`" for name in names[:5])
            yield f"unseeded: {listed}{more} of {description} differ from run to run; draw with a seeded generator"
            return  # what follows differs by this alone
