"""Programs of the corpus's answers, and the verdicts on them.

Answers take their nodes' places in the lesson's own solution, and whole programs are judged. A program holds wrong
answers at every third node at most, so that what one does to others is seen; those that do harm elsewhere stand alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.lesson.program import read_program
from ninja_tui.lesson.read import read_lesson
from tests.engine.corpus.answers import EVERY, MUTANTS, RIGHT
from tests.engine.corpus.mutant import Mutant
from tests.engine.corpus.nodes import SHAPES, solution
from tests.engine.corpus.right import Right

TIMEOUT = 20.0


class _Kept(Runner):
    """A runner that serves one program after another: each begins with names of its own."""

    def close(self) -> None:
        """It is ended with the workbench."""

    def end(self) -> None:
        super().close()


class OneRunner(Workbench):
    """A workbench with one runner for all programs: a fresh one each takes most of the time."""

    _kept: _Kept | None = None

    def runner(self) -> Runner:
        if self._kept is None:
            self._kept = _Kept(super().runner()._worker)
        return self._kept

    def close(self) -> None:
        if self._kept is not None:
            self._kept.end()
        super().close()


def program_with(answers: Sequence[Mutant | Right]) -> str:
    """The lesson's solution with these answers in the place of its own."""
    instead = {answer.node: answer.code for answer in answers}
    return "\n".join(instead.get(node, code) for node, code in solution().items())


def verdicts_on(bench: Workbench, source: str) -> list[Verdict]:
    return ProgramJudge(bench, read_program(source, list(SHAPES), "corpus"), TIMEOUT).judge_all()


def programs(answers: Sequence[Mutant | Right]) -> list[list[Mutant | Right]]:
    """The answers that stand in one program together: those to every third node, each node's one after another."""
    queues: dict[int, dict[str, list[Mutant | Right]]] = {}
    alone: list[list[Mutant | Right]] = []
    for answer in answers:
        if isinstance(answer, Mutant) and not answer.kinds:
            alone.append([answer])
        else:
            queues.setdefault(list(SHAPES).index(answer.node) % 3, {}).setdefault(answer.node, []).append(answer)
    together = [
        [each for each in row if each is not None] for queue in queues.values() for row in zip_longest(*queue.values())
    ]
    return [*together, *alone]


PROGRAMS = programs(MUTANTS[::EVERY])
RIGHT_PROGRAMS = programs(RIGHT[::EVERY])


class Judged:
    """The verdicts on programs, each judged once."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._verdicts: dict[int, list[Verdict]] = {}
        self._program = {answer: program for program in (*PROGRAMS, *RIGHT_PROGRAMS) for answer in program}

    def program(self, program: list[Mutant | Right]) -> list[Verdict]:
        if id(program) not in self._verdicts:
            self._verdicts[id(program)] = verdicts_on(self._bench, program_with(program))
        return self._verdicts[id(program)]

    def with_(self, answer: Mutant | Right) -> list[Mutant | Right]:
        """The program in which the answer stands."""
        return self._program[answer]

    def own(self, answer: Mutant | Right) -> list[Verdict]:
        """The verdicts at the answer's own node: more than one where it is assigned afresh."""
        return [verdict for verdict in self.program(self._program[answer]) if verdict.node == answer.node]


def kind_of(verdict: Verdict) -> str | None:
    return None if verdict.diagnosis is None else verdict.diagnosis.kind


def told(verdict: Verdict) -> tuple[str, str, str | None, tuple[str, ...]]:
    return verdict.node, str(verdict.status), kind_of(verdict), tuple(map(str, verdict.warnings))


def false_alarms(seed: int) -> tuple[int, list[tuple[Right, str]]]:
    """With another seed for the lesson: the number of right answers judged, and those that did not just pass.

    Here a program holds answers to all nodes at once.
    """
    queues = [[right for right in RIGHT if right.node == node] for node in SHAPES]
    bench = OneRunner(read_lesson("names"), Options(seed=seed))
    bench.open()
    count = 0
    wrong: list[tuple[Right, str]] = []
    try:
        for row in zip_longest(*queues):
            rights = {right.node: right for right in row if right is not None}
            for verdict in verdicts_on(bench, program_with(list(rights.values()))):
                right = rights.get(verdict.node, Right(verdict.node, "solution", ""))
                count += verdict.node in rights
                if told(verdict) != (right.node, "pass", None, right.warnings):
                    wrong.append((right, str(verdict)))
    finally:
        bench.close()
    return count, wrong
