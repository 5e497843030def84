"""Judges an answer while it is typed: the cost of a key press is one run of that one answer in each world."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.evaluate.gradient import Gradient, gradient_in
from ninja_tui.engine.evaluate.program import OTHERS_TAKE, REPLACED, WORLDS
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.protocol.answering import Outcome, RunStatement, TryAnswer
from ninja_tui.engine.protocol.judging import Clobbered, Evidence
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict, Warning
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.protocol.worlds import DECIDING, FIRST, World
from ninja_tui.lesson.program import Answer, ProgramStatement
from ninja_tui.lesson.syntax.completeness import binds, names_read
from ninja_tui.lesson.syntax.dependencies import Dependencies, Traits, dependencies_after, traits_of

LIVE_TIMEOUT = 2.0
"""Seconds that one live evaluation may take."""
ANSWERS_WITHIN = 1.0
"""Seconds within which a runner that has nothing to do answers."""
LATER = (*DECIDING, World.CHAINED)


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
    dependencies: Dependencies = field(default_factory=dict)


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
            before = dependencies_after((step.code for step in place.steps), self._gradients)
            ready = _Ready(place, runner, dependencies=before)
            if self._run_up(ready):
                self._ready = ready
                return ready

    def evaluate(self, code: str, place: Place) -> Verdict:
        """The verdict on ``code``, which is complete Python, as the answer at ``place``."""
        ready = self._ready_at(place)
        gradient, shape = self._gradient_name(place.node), self._bench.facts.shapes[place.node]
        if not binds(code, gradient):
            return Verdict(place.node, Status.ERROR, shape, error=f"the answer does not bind {gradient}")
        traits = traits_of([code], ready.dependencies, self._gradients)
        try:
            self._supply(ready, names_read(code))
            outcomes = self._tried(ready, code, gradient)
        except TimedOut:
            self._drop()
            error = f"no end after {LIVE_TIMEOUT:g} s"
            return Verdict(place.node, Status.TIMEOUT, shape, error=error, seconds=LIVE_TIMEOUT)
        except Broken:
            self._drop()
            return Verdict(place.node, Status.ERROR, shape, error="the answer ended its process")
        gradients = {world: _gradient(outcome, gradient, shape, code) for world, outcome in outcomes.items()}
        verdict = self._judged(ready, gradients, traits, code)
        changed = {name for outcome in outcomes.values() for name in outcome.changed}
        output = next((outcome.output for outcome in outcomes.values() if outcome.output), "")
        return replace(_with_aliasing(verdict, changed), output=output)

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

    def _tried(self, ready: _Ready, code: str, gradient: str) -> dict[World, Outcome]:
        """What an answer does in each world; where it fails in float32, in no other."""
        watch = [
            name for name in names_read(code) & self._gradients
            if name != gradient and self._node_of[name] in ready.bound
        ]  # fmt: skip
        outcomes: dict[World, Outcome] = {}
        for worlds, limit in ((FIRST, LIVE_TIMEOUT), (LATER, LIVE_TIMEOUT * OTHERS_TAKE)):
            outcomes |= ready.runner.execute(TryAnswer(worlds, code, gradient, tuple(sorted(watch))), limit)
            if World.FLOAT32 not in outcomes:
                raise Broken("no outcome of an answer")
            bound = (outcomes[World.FLOAT32].gradients or {}).get(gradient)
            if bound is None or bound.tensor is None or outcomes[World.FLOAT32].error:
                break
        return outcomes

    def _judged(self, ready: _Ready, gradients: dict[World, Gradient], traits: Traits, code: str) -> Verdict:
        """The verdict, also on whether names that were clobbered before are the mistake."""
        single = gradients[World.FLOAT32]
        evidence = Evidence(
            node=ready.place.node,
            gradients={world: each.tensor for world, each in gradients.items() if each.tensor is not None},
            errors={world: each.error for world, each in gradients.items() if each.tensor is None},
            traits=traits,
        )
        verdict = self._bench.judge(evidence)
        by = {name: line for name, line in ready.clobbered.items() if name in traits.depends}
        if by and not verdict.passed:
            restored = self._restored(ready, code, tuple(sorted(by)))
            clobbered = tuple(Clobbered(name, "", f"line {line}") for name, line in by.items())
            again = self._bench.judge(replace(evidence, restored=restored, clobbered=clobbered))
            verdict = again if again.diagnosis and again.diagnosis.kind is Kind.CLOBBERED else verdict
        if single.tensor is None:
            verdict = replace(verdict, status=single.status, error=single.error)
        return verdict

    def _restored(self, ready: _Ready, code: str, names: tuple[str, ...]) -> TensorData | None:
        """The LOCAL gradient where those ``names`` have the lesson's values; None where there is none."""
        gradient = self._gradient_name(ready.place.node)
        try:
            request = TryAnswer((World.LOCAL,), code, gradient, restore=names)
            outcome = ready.runner.execute(request, LIVE_TIMEOUT)[World.LOCAL]
        except (TimedOut, Broken, KeyError):
            self._drop()
            return None
        bound = (outcome.gradients or {}).get(gradient)
        return bound.tensor if bound else None

    def _run_up(self, ready: _Ready) -> bool:
        """Runs the steps before the place that do not hang; False where one did, and the runner is dead."""
        place, runner = ready.place, ready.runner
        before = {name for step in place.steps for name in step.reads}
        ended = {self._gradient_name(node) for _, node in place.completed}
        runner.begin(WORLDS, before)
        self._supply(ready, before - ended)
        for index, step in enumerate(place.steps):
            try:
                if step.code not in self._excluded:
                    self._run(ready, step)
                for at, node in place.completed:
                    if at == index and node != place.node:
                        worlds = REPLACED if node in place.kept else (World.FLOAT32, *REPLACED)
                        self._put(ready, node, worlds)
            except (TimedOut, Broken):
                self._excluded.add(step.code)
                self._drop()
                return False
        return True

    def _run(self, ready: _Ready, step: ProgramStatement) -> None:
        request = RunStatement(WORLDS, step.code, step.line)
        outcomes = ready.runner.execute(request, LIVE_TIMEOUT * OTHERS_TAKE)
        if World.LOCAL not in outcomes:
            raise Broken("no outcome of a statement")
        for name in outcomes[World.LOCAL].clobbered:
            ready.clobbered[name] = step.line

    def _supply(self, ready: _Ready, names: set[str] | frozenset[str]) -> None:
        """Puts the reference in place for gradients that are read and that no answer before gave."""
        for name in sorted(names & self._gradients):
            node = self._node_of[name]
            if node not in ready.bound and node != ready.place.node:
                self._put(ready, node, WORLDS)

    def _put(self, ready: _Ready, node: str, worlds: tuple[World, ...]) -> None:
        ready.runner.put(node, self._gradient_name(node), self._bench.gradients(node, worlds))
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


def _gradient(outcome: Outcome, name: str, shape: tuple[int, ...], code: str) -> Gradient:
    """The gradient in an outcome; an error in code of several lines has its line."""
    gradient = gradient_in(outcome, name, shape)
    if gradient.error and outcome.line and "\n" in code.strip("\n"):
        return replace(gradient, error=f"line {outcome.line}: {gradient.error}")
    return gradient
