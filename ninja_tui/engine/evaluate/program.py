"""Runs the statements of a solutions file in file order, and judges each answer where it is complete.

A statement runs once, in float32; everything else is asked of its record. Once an answer is complete, its node's
gradient goes into its place wherever it is judged, so one error stays one error; in the run itself a gradient that
passes stays the person's own, so that a file in which all is right shows what its notebook shows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from textwrap import shorten

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.evaluate.evaluation import Asked, Evaluation, Given, gradient_in
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.protocol.answering import Outcome, RunStatement
from ninja_tui.engine.protocol.judging import Clobbered, Evidence, Reading
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict, Warning
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import WorkerError
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.program import Answer, Program, ProgramStatement
from ninja_tui.lesson.syntax.code_error import CodeError
from ninja_tui.lesson.syntax.raised import raised_in

UNKNOWN_NAME = re.compile(r"(?P<error>NameError: name '(?P<name>\w+)' is not defined)(; did you mean .*)?")


@dataclass(frozen=True)
class Comparison:
    """A ``cmp('name', dx, x)`` that a file makes, where it stands: recorded, and no part of the status."""

    line: int
    label: str
    exact: bool
    approximate: bool
    maxdiff: float | None


@dataclass(frozen=True)
class Course:
    """How the statements of a program ran, by their numbers.

    ``broken`` raised, found no end, or ended their process. Those in ``mended`` changed gradients of earlier answers,
    named here, in whose place autograd's went.
    """

    broken: frozenset[int] = frozenset()
    mended: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def _in_its_line(step: ProgramStatement) -> tuple[str, int]:
    """The code of a statement in the file's own line, and the first line: so a function's lines are always its own."""
    return "\n" * (step.line - 1) + step.code, 1


def stays(verdict: Verdict) -> bool:
    """Whether what follows is computed with the person's own gradient: it passes, and has its tensor's shape."""
    return verdict.passed and verdict.shape == verdict.expected_shape


class ProgramJudge:
    """One judging of one program, over as many runners as its hangs and crashes cost.

    ``comparisons`` are there after ``judge_all``.
    """

    def __init__(self, bench: Workbench, program: Program, timeout: float) -> None:
        self.comparisons: list[Comparison] = []
        self._bench = bench
        self._program = program
        self._timeout = timeout
        self._node_of = {bench.gradient_name(node): node for node in bench.facts.shapes}
        self._dead: dict[int, tuple[Status, str]] = {}
        self._broken: set[int] = set()
        self._mended: dict[int, tuple[str, ...]] = {}
        self._errors: dict[int, str] = {}
        self._raised: dict[int, CodeError | None] = {}
        self._seconds: dict[int, float] = {}
        self._puts: dict[int, list[tuple[str, str, bool]]] = {}
        self._complete: dict[str, int] = {}
        self._clobbered: dict[str, tuple[str, int]] = {}
        self._verdicts: dict[int, Verdict] = {}
        self._last: int | None = None
        self._runner = self._fresh(0)

    def judge_all(self, progress: Callable[[str], None] = lambda _: None) -> list[Verdict]:
        """A verdict for each answer of the program, in file order; ``progress`` is called with each node first."""
        try:
            for index, step in enumerate(self._program.steps):
                for number in step.answers:
                    progress(self._program.answers[number].node)
                outcome = self._run_step(index)
                for number, answer in enumerate(self._program.answers):
                    if answer.last == index:
                        self._verdicts[number] = self._judge(number, outcome)
                        self._replace(index, number)
            self._still_there(len(self._program.steps))
        finally:
            self._runner.close()
        return [self._verdicts[number] for number in range(len(self._program.answers))]

    @property
    def judged(self) -> dict[int, Verdict]:
        """The verdicts so far, by the answer's number in the program: all that there is where ``judge_all`` raised."""
        return dict(self._verdicts)

    @property
    def course(self) -> Course:
        """How the statements ran that have run so far."""
        return Course(frozenset(self._broken | self._dead.keys()), dict(self._mended))

    def _run_step(self, index: int) -> Outcome | None:
        """What the step gives; None where it hangs or ends its process."""
        step = self._program.steps[index]
        self._still_there(index)
        spent = max((self._seconds.get(number, 0.0) for number in step.answers), default=0.0)
        started = time.monotonic()
        try:
            outcome = self._step(index, max(0.0, self._timeout - spent))
            for number in step.answers:
                self._seconds[number] = self._seconds.get(number, 0.0) + time.monotonic() - started
            self._runner.ping()
        except (TimedOut, Broken) as error:
            self._bury(index, error)
            self._restart(index)
            return None
        self._last = index
        self._note_damage(index, outcome)
        return outcome

    def _still_there(self, index: int) -> None:
        """Makes sure that the runner answers before the statement ``index``, which is not to pay for one before it."""
        if self._last is None or self._runner.has_just_answered:
            return
        try:
            self._runner.ping()
        except (TimedOut, Broken):
            self._blame(self._last)
            self._restart(index)

    def _blame(self, index: int) -> None:
        """The statement ``index`` stopped or ended its process after it had replied: its answers are errors."""
        self._last = None
        self._dead[index] = (Status.ERROR, "the answer ended its process")
        for number, verdict in self._verdicts.items():
            if self._program.answers[number].last == index:
                blank = Verdict(verdict.node, Status.ERROR, verdict.expected_shape, error=self._dead[index][1])
                self._verdicts[number] = replace(blank, line=verdict.line, named=verdict.named, seconds=verdict.seconds)

    def _restart(self, upto: int) -> None:
        self._runner.close()
        self._last = None
        self._runner = self._fresh(upto)

    def _step(self, index: int, timeout: float) -> Outcome:
        step = self._program.steps[index]
        take = tuple(answer.gradient for answer in self._program.answers if answer.last == index)
        bound = {self._program.answers[number].gradient for number in step.answers}
        watch = tuple(gradient for gradient in self._complete if gradient not in bound)
        code, line = _in_its_line(step)
        outcome = self._runner.execute(RunStatement(code, line, take, watch, tuple(sorted(bound))), timeout)
        if outcome.error:
            self._broken.add(index)
        for number in step.answers:
            if outcome.error:
                error, around = self._with_line(outcome, step), (step, *self._program.steps)
                self._errors.setdefault(number, error)
                self._raised.setdefault(number, raised_in(around, error, outcome.line, outcome.columns))
        self._note_comparisons(step, outcome)
        return outcome

    def _judge(self, number: int, outcome: Outcome | None) -> Verdict:
        answer = self._program.answers[number]
        given = self._given(number, outcome)
        reading = (outcome.readings or {}).get(answer.gradient) if outcome is not None else None
        code = "\n".join(self._program.steps[index].code for index in answer.steps)
        asked = Asked(answer.node, answer.gradient, code, self._timeout)
        evaluation = Evaluation(self._bench, self._runner)
        try:
            evidence = evaluation.evidence(asked, given, reading or Reading())
            verdict = self._bench.judge(evidence)
            if not verdict.passed and given.status is not Status.TIMEOUT:
                verdict = self._with_names_restored(evaluation, asked, evidence) or verdict
        except (TimedOut, Broken, WorkerError) as error:
            if not isinstance(error, WorkerError):
                self._restart(answer.last + 1)
            verdict = self._unjudged(answer, error)
        if given.tensor is None:
            verdict = replace(verdict, status=given.status, error=given.error, raised=self._raised.get(number))
        return replace(verdict, named=answer.gradient, line=answer.line, seconds=self._seconds.get(number, 0.0))

    def _unjudged(self, answer: Answer, error: Exception) -> Verdict:
        reason = "judging it took too long" if isinstance(error, TimedOut) else str(error) or "it ended its process"
        shape = self._bench.facts.shapes[answer.node]
        return Verdict(answer.node, Status.ERROR, shape, error=f"could not be judged: {reason}")

    def _with_names_restored(
        self, evaluation: Evaluation, asked: Asked, evidence: Evidence[TensorData]
    ) -> Verdict | None:
        """The verdict with the diagnosis that names of the lesson were clobbered before, if that is the mistake."""
        by = {name: where for name, where in self._clobbered.items() if where[0] != asked.node}
        if not by:
            return None
        clobbered = tuple(Clobbered(name, node, self._place(line)) for name, (node, line) in by.items())
        verdict = evaluation.with_names_restored(asked, evidence, clobbered)
        if verdict is not None:
            for node in {node for node, _ in by.values() if node}:
                self._warn(node, Warning.CLOBBERS, None)
        return verdict

    def _replace(self, index: int, number: int) -> None:
        """Puts upstream gradients in the place of a complete answer, which has left the runner by now."""
        answer, verdict = self._program.answers[number], self._verdicts[number]
        self._complete[answer.gradient] = number
        self._node_of[answer.gradient] = answer.node
        self._put_after(index, answer.node, answer.gradient, own=stays(verdict))

    def _put_after(self, index: int, node: str, gradient: str, *, own: bool) -> None:
        """Has a gradient be that of ``node`` behind the statement ``index``, which pays where the runner is gone."""
        self._puts.setdefault(index, []).append((node, gradient, own))
        try:
            self._runner.put(node, gradient, None if own else self._bench.gradient(node))
        except (TimedOut, Broken):
            self._blame(index)
            self._restart(index + 1)

    def _given(self, number: int, outcome: Outcome | None) -> Given:
        answer = self._program.answers[number]
        for step in answer.steps:
            if step in self._dead:
                status, error = self._dead[step]
                return Given(None, status, error)
        if number in self._errors or outcome is None:
            return Given(error=self._errors.get(number, "the answer did not run"))
        return gradient_in(replace(outcome, error=""), answer.gradient, self._bench.facts.shapes[answer.node])

    def _note_comparisons(self, step: ProgramStatement, outcome: Outcome) -> None:
        for call in outcome.compared:
            if call.node in self._bench.facts.shapes:
                columns = self._bench.compare(call.node, call.gradient)
                self.comparisons.append(
                    Comparison(step.line, call.label, columns.exact, columns.approximate, columns.maxdiff)
                )

    def _note_damage(self, index: int, outcome: Outcome) -> None:
        """A step that changes other gradients, or binds the lesson's names anew: noted, and the former mended."""
        step = self._program.steps[index]
        nodes = [self._program.answers[number].node for number in sorted(step.answers)]
        for gradient in outcome.changed:
            number = self._complete.get(gradient)
            if number is None:
                continue
            code = shorten(step.code, 60, placeholder=" …")
            message = f"{self._place(step.line)}, `{code}`, changes {gradient} too: the two names are one tensor"
            node = self._program.answers[number].node
            self._warn(node, Warning.ALIASING, Diagnosis(Kind.ALIASING, message))
            self._put_after(index, node, gradient, own=False)
            self._mended[index] = (*self._mended.get(index, ()), gradient)
        for name in outcome.clobbered:
            self._clobbered[name] = (nodes[0] if nodes else "", step.line)

    def _warn(self, node: str, warning: Warning, diagnosis: Diagnosis | None) -> None:
        for number, verdict in self._verdicts.items():
            if verdict.node == node and verdict.passed and warning not in verdict.warnings:
                self._verdicts[number] = replace(
                    verdict, warnings=(*verdict.warnings, warning), diagnosis=diagnosis or verdict.diagnosis
                )

    def _bury(self, index: int, error: Exception) -> None:
        if isinstance(error, TimedOut):
            self._dead[index] = (Status.TIMEOUT, f"no end after {self._timeout:g} s")
        else:
            self._dead[index] = (Status.ERROR, "the answer ended its process")

    def _fresh(self, upto: int) -> Runner:
        """A new runner in which the steps before ``upto`` have run, as they did in the one before."""
        answered = {answer.node for answer in self._program.answers}
        read = {name for step in self._program.steps for name in step.reads}
        names = {node: self._bench.gradient_name(node) for node in self._bench.facts.shapes if node not in answered}
        unanswered = {node: name for node, name in names.items() if name in read and not self._program.whole}
        while True:
            runner = self._bench.runner()
            runner.begin(read)
            for node, name in unanswered.items():
                runner.put(node, name, self._bench.gradient(node))
            if self._again(runner, upto):
                return runner
            runner.close()

    def _again(self, runner: Runner, upto: int) -> bool:
        """Whether the steps before ``upto`` run in a new runner; one that does not is left out from now on."""
        for index in range(upto):
            step = self._program.steps[index]
            try:
                if index not in self._dead:
                    runner.execute(RunStatement(*_in_its_line(step)), self._timeout)
                for node, name, own in self._puts.get(index, []):
                    runner.put(node, name, None if own else self._bench.gradient(node))
            except (TimedOut, Broken) as error:
                self._bury(index, error)
                return False
        return True

    def _with_line(self, outcome: Outcome, step: ProgramStatement) -> str:
        error = outcome.error
        absent = UNKNOWN_NAME.fullmatch(error)
        if absent and absent["name"] in self._node_of and self._program.whole:
            node = self._node_of[absent["name"]]
            error = f"{absent['error']}; before this no gradient of `{node}` is computed in this pass"
        return f"{self._place(outcome.line)}: {error}" if outcome.line != step.line else error

    def _place(self, line: int) -> str:
        return place(line, self._bench.lesson.starts)
