"""Judges an answer while it is typed: the cost of a key press is one run of that one answer, and its replays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.evaluate.evaluation import Asked, Evaluation, Given, gradient_in
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.protocol.answering import Outcome, RunStatement, TryAnswer
from ninja_tui.engine.protocol.judging import Clobbered, Reading
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict, Warning
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import WorkerError
from ninja_tui.lesson.program import Answer, ProgramStatement
from ninja_tui.lesson.syntax.completeness import binds, names_read

LIVE_TIMEOUT = 2.0
"""Seconds that one live evaluation may take."""
ANSWERS_WITHIN = 1.0
"""Seconds within which a runner that has nothing to do answers."""
STATEMENTS_TAKE = 15
"""How many times longer a statement before the answer may take."""


@dataclass(frozen=True)
class Place:
    """Where an answer is typed: its node, what stands before it in the file, and which gradients there stay.

    ``completed`` pairs a step's index with the nodes whose answers end there; of those, the ones in ``kept``
    keep the person's float32 gradient, all others get the reference.
    """

    node: str
    steps: tuple[ProgramStatement, ...] = ()
    completed: tuple[tuple[int, str], ...] = ()
    kept: frozenset[str] = frozenset()

    @classmethod
    def after(
        cls, node: str, steps: tuple[ProgramStatement, ...], answers: tuple[Answer, ...], kept: frozenset[str]
    ) -> Place:
        """The place behind ``steps``, the first of a program whose answers are ``answers``."""
        completed = tuple((answer.last, answer.node) for answer in answers if answer.last < len(steps))
        return cls(node, steps, completed, kept)


@dataclass
class _Ready:
    """A runner in which all that stands before a place has run."""

    place: Place
    runner: Runner
    bound: set[str] = field(default_factory=set)
    clobbered: dict[str, int] = field(default_factory=dict)


class LiveJudge:
    """Evaluates code at one place at a time. Not for two threads at once."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._runner: Runner | None = None
        self._ready: _Ready | None = None
        self._excluded: set[str] = set()
        self._gradient_name = bench.gradient_name
        self._node_of = {self._gradient_name(node): node for node in bench.facts.shapes}
        self._gradients = frozenset(self._node_of)

    def prepare(self, place: Place) -> _Ready:
        """Makes ready for answers at ``place``: what stands before it has run when this returns."""
        while True:
            runner = self._runner
            if runner is None or place.node in runner.reference_nodes:
                self._drop()
                runner = self._runner = self._bench.runner()
                self._bench.make_ahead()
            ready = _Ready(place, runner)
            if self._run_up(ready):
                self._bench.foresee(place.node)
                self._ready = ready
                return ready

    def evaluate(self, code: str, place: Place) -> Verdict:
        """The verdict on ``code``, which is complete Python, as the answer at ``place``."""
        ready = self._ready_at(place)
        gradient, shape = self._gradient_name(place.node), self._bench.facts.shapes[place.node]
        if not binds(code, gradient):
            return Verdict(place.node, Status.ERROR, shape, error=f"the answer does not bind {gradient}")
        asked = Asked(place.node, gradient, code, LIVE_TIMEOUT)
        try:
            self._supply(ready, names_read(code))
            outcome = ready.runner.execute(
                TryAnswer(code, gradient, self._watched(ready, code, gradient)), LIVE_TIMEOUT
            )
            given = _given(outcome, gradient, shape, code)
            verdict = self._judged(ready, asked, given, (outcome.readings or {}).get(gradient))
        except TimedOut:
            self._drop()
            error = f"no end after {LIVE_TIMEOUT:g} s"
            return Verdict(place.node, Status.TIMEOUT, shape, error=error, seconds=LIVE_TIMEOUT)
        except Broken:
            self._drop()
            return Verdict(place.node, Status.ERROR, shape, error="the answer ended its process")
        except WorkerError as error:
            return Verdict(place.node, Status.ERROR, shape, error=f"could not be judged: {error}")
        return replace(_with_aliasing(verdict, set(outcome.changed)), output=outcome.output)

    def close(self) -> None:
        """Ends the runner."""
        self._drop()

    def _ready_at(self, place: Place) -> _Ready:
        """What is ready for an answer at ``place``, in a runner that still answers."""
        if self._ready is not None and self._ready.place == place:
            try:
                self._ready.runner.ping(ANSWERS_WITHIN)
            except (TimedOut, Broken):
                self._drop()
        if self._ready is None or self._ready.place != place:
            return self.prepare(place)
        return self._ready

    def _watched(self, ready: _Ready, code: str, gradient: str) -> tuple[str, ...]:
        """The gradients that code is not to change."""
        names = names_read(code) & self._gradients
        return tuple(sorted(name for name in names if name != gradient and self._node_of[name] in ready.bound))

    def _judged(self, ready: _Ready, asked: Asked, given: Given, reading: Reading | None) -> Verdict:
        """The verdict, also on whether names that were clobbered before are the mistake."""
        evaluation = Evaluation(self._bench, ready.runner)
        evidence = evaluation.evidence(asked, given, reading or Reading())
        verdict = self._bench.judge(evidence)
        by = {name: line for name, line in ready.clobbered.items() if name in names_read(asked.code)}
        if by and not verdict.passed:
            clobbered = tuple(Clobbered(name, "", f"line {line}") for name, line in by.items())
            verdict = evaluation.with_names_restored(asked, evidence, clobbered) or verdict
        if given.tensor is None:
            verdict = replace(verdict, status=given.status, error=given.error)
        return verdict

    def _run_up(self, ready: _Ready) -> bool:
        """Runs the steps before the place that do not hang; False where one did, and the runner is dead."""
        place, runner = ready.place, ready.runner
        before = {name for step in place.steps for name in step.reads}
        ended = {self._gradient_name(node) for _, node in place.completed}
        ends: dict[int, list[str]] = {}
        for at, node in place.completed:
            ends.setdefault(at, []).append(node)
        runner.begin(before)
        self._supply(ready, before - ended)
        for index, step in enumerate(place.steps):
            try:
                if step.code not in self._excluded:
                    self._run(ready, step)
                for node in ends.get(index, ()):
                    if node != place.node:
                        self._put(ready, node, own=node in place.kept)
            except (TimedOut, Broken):
                self._excluded.add(step.code)
                self._drop()
                return False
        return True

    def _run(self, ready: _Ready, step: ProgramStatement) -> None:
        outcome = ready.runner.execute(RunStatement(step.code, step.line), LIVE_TIMEOUT * STATEMENTS_TAKE)
        for name in outcome.clobbered:
            ready.clobbered[name] = step.line

    def _supply(self, ready: _Ready, names: set[str] | frozenset[str]) -> None:
        """Puts the reference in place for gradients that are read and that no answer before gave."""
        for name in sorted(names & self._gradients):
            node = self._node_of[name]
            if node not in ready.bound and node != ready.place.node:
                self._put(ready, node, own=False)

    def _put(self, ready: _Ready, node: str, *, own: bool) -> None:
        ready.runner.put(node, self._gradient_name(node), None if own else self._bench.gradient(node))
        ready.bound.add(node)

    def _drop(self) -> None:
        if self._runner is not None:
            self._runner.close()
        self._runner = self._ready = None


def _with_aliasing(verdict: Verdict, changed: set[str]) -> Verdict:
    """A word on other gradients that the answer changes on its way, whether it passes or not."""
    if not changed or not verdict.passed:
        return verdict
    message = f"it changes {', '.join(sorted(changed))} too: the names are one tensor"
    return replace(verdict, warnings=(*verdict.warnings, Warning.ALIASING), diagnosis=Diagnosis(Kind.ALIASING, message))


def _given(outcome: Outcome, name: str, shape: tuple[int, ...], code: str) -> Given:
    """The gradient in an outcome; an error in code of several lines has its line."""
    given = gradient_in(outcome, name, shape)
    if given.error and outcome.line and "\n" in code.strip("\n"):
        return replace(given, error=f"line {outcome.line}: {given.error}")
    return given
