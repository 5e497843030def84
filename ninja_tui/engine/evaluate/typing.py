"""Judges an answer while it is typed: the cost of a key press is one run of that one answer, and its replays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.evaluate.evaluation import SCALARS, Asked, Evaluation, Given, gradient_in
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.protocol.answering import Bound, Outcome, RunStatement, TryAnswer
from ninja_tui.engine.protocol.judging import Clobbered, Reading
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict, Warning, Watched
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import WorkerError
from ninja_tui.lesson.program import Answer, ProgramStatement
from ninja_tui.lesson.syntax.answer_form import AnswerForm, answer_form
from ninja_tui.lesson.syntax.code_error import error_at
from ninja_tui.lesson.syntax.completeness import names_read

LIVE_TIMEOUT = 2.0
"""Seconds that one live evaluation may take."""
ANSWERS_WITHIN = 1.0
"""Seconds within which a runner that has nothing to do answers."""
ELEMENTS = 12
"""So many elements of a watched tensor are shown."""
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
            is_new = runner is None or place.node in runner.reference_nodes
            if runner is None or is_new:
                self._drop()
                runner = self._runner = self._bench.runner()
                self._bench.make_ahead()
            ready = _Ready(place, runner)
            try:
                is_ready = self._run_up(ready)
            except (TimedOut, Broken):  # it ended since it was used last
                self._drop()
                if is_new:
                    raise
                continue
            if is_ready:
                self._bench.foresee(place.node)
                self._ready = ready
                return ready

    def evaluate(self, code: str, place: Place) -> Verdict:
        """The verdict on ``code``, which is complete Python, as the answer at ``place``.

        A bare expression is an answer, and is watched; only watched, where it cannot be the gradient.
        """
        ready = self._ready_at(place)
        gradient, shape = self._gradient_name(place.node), self._bench.facts.shapes[place.node]
        form = answer_form(code, gradient)
        if form is None:
            return Verdict(place.node, Status.ERROR, shape, error=f"the answer does not bind {gradient}")
        try:
            return self._evaluated(ready, form, Asked(place.node, gradient, form.code, LIVE_TIMEOUT), shape)
        except TimedOut:
            self._drop()
            error = f"no end after {LIVE_TIMEOUT:g} s"
            return Verdict(place.node, Status.TIMEOUT, shape, error=error, seconds=LIVE_TIMEOUT)
        except Broken:
            self._drop()
            return Verdict(place.node, Status.ERROR, shape, error="the answer ended its process")
        except WorkerError as error:
            return Verdict(place.node, Status.ERROR, shape, error=f"could not be judged: {error}")

    def _evaluated(self, ready: _Ready, form: AnswerForm, asked: Asked, shape: tuple[int, ...]) -> Verdict:
        self._supply(ready, names_read(asked.code))
        watch = self._watched(ready, asked.code, asked.gradient)
        outcome = ready.runner.execute(TryAnswer(asked.code, asked.gradient, watch), LIVE_TIMEOUT)
        watched = _value(outcome, asked.gradient) if form.bare else None
        if watched is not None and not _may_be(watched, shape):
            return Verdict(asked.node, Status.MISSING, shape, output=outcome.output, watched=watched)
        given = _given(outcome, asked.gradient, shape, asked.code)
        verdict = self._judged(ready, asked, given, (outcome.readings or {}).get(asked.gradient))
        if outcome.error:
            raised = error_at(outcome.error, asked.code, outcome.line, outcome.columns)
            verdict = replace(verdict, raised=form.as_typed(raised))
        return replace(_with_aliasing(verdict, set(outcome.changed)), output=outcome.output, watched=watched)

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


def _value(outcome: Outcome, gradient: str) -> Watched | None:
    """What a bare expression, which was bound to ``gradient``, came to; None where it raised."""
    bound = (outcome.gradients or {}).get(gradient, Bound())
    if outcome.error or not bound.kind:
        return None
    if bound.tensor is None or bound.text:
        return Watched(bound.kind, bound.text)
    return Watched(bound.tensor.dtype, "", bound.tensor.shape, bound.tensor.first(ELEMENTS))


def _may_be(watched: Watched, shape: tuple[int, ...]) -> bool:
    """Whether it can be meant for a gradient of that ``shape``: it has its sizes, but for some of 1."""
    if watched.shape is None:
        return shape == () and watched.kind in SCALARS
    return [size for size in watched.shape if size != 1] == [size for size in shape if size != 1]
