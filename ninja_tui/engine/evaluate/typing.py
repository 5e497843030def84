"""Judges an answer while it is typed: the cost of a key press is one run of that one answer in each world."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ninja_tui.engine.evaluate.bench import Case, Runner, Workbench
from ninja_tui.engine.evaluate.program import MALFORMED, OTHERS_TAKE, REPLACED, WORLDS, Outcome, outcome_of
from ninja_tui.engine.protocol.verdict import Diagnosis, Status, Verdict, Warning
from ninja_tui.engine.protocol.wire import Broken, TensorData, TimedOut
from ninja_tui.engine.protocol.worlds import DECIDING, FIRST, World
from ninja_tui.lesson.program import Answer, ProgramStatement
from ninja_tui.lesson.syntax.completeness import binds, names_read
from ninja_tui.lesson.syntax.dependencies import Dependencies, Traits, dependencies_after, traits_of

LIVE_TIMEOUT = 2.0
"""Seconds that one live evaluation may take."""
LATER = (*DECIDING, World.CHAINED)


@dataclass(frozen=True)
class Place:
    """Where an answer is typed: its node, what stands before it in the file, and which gradients there stay.

    ``completed`` pairs a step's index with the nodes whose answers end there; of those, the ones in ``own``
    keep the person's float32 gradient, all others get the reference.
    """

    node: str
    steps: tuple[ProgramStatement, ...] = ()
    completed: tuple[tuple[int, str], ...] = ()
    own: frozenset[str] = frozenset()

    @classmethod
    def after(
        cls, node: str, steps: tuple[ProgramStatement, ...], answers: tuple[Answer, ...], own: frozenset[str]
    ) -> Place:
        """The place behind ``steps``, the first of a program whose answers are ``answers``."""
        completed = tuple((answer.last, answer.node) for answer in answers if answer.last < len(steps))
        return cls(node, steps, completed, own)


@dataclass
class _Ready:
    """A runner in which all that stands before a place has run."""

    place: Place
    runner: Runner
    bound: set[str] = field(default_factory=set)
    clobbered: dict[str, tuple[str, int]] = field(default_factory=dict)
    behind: Dependencies = field(default_factory=dict)


class LiveJudge:
    """Evaluates code at one place at a time. Not for two threads at once."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._runner: Runner | None = None
        self._ready: _Ready | None = None
        self._excluded: set[str] = set()
        self._name = bench.gradient_name
        self._nodes = {self._name(node): node for node in bench.facts.shapes}
        self._gradients = frozenset(self._nodes)

    def prepare(self, place: Place) -> None:
        """Makes ready for answers at ``place``: what stands before it has run when this returns."""
        while True:
            if self._runner is None or place.node in self._runner.seen:
                self._drop()
                self._runner = self._bench.runner()
                self._bench.make_ahead()
            ready = _Ready(
                place, self._runner, behind=dependencies_after((step.code for step in place.steps), self._gradients)
            )
            if self._run_up(ready):
                self._ready = ready
                return

    def evaluate(self, code: str, place: Place) -> Verdict:
        """The verdict on ``code``, which is complete Python, as the answer at ``place``."""
        if self._ready is None or self._ready.place != place:
            self.prepare(place)
        ready, gradient = self._ready, self._name(place.node)
        shape = self._bench.facts.shapes[place.node]
        if ready is None or not binds(code, gradient):
            return Verdict(place.node, Status.ERROR, shape, error=f"the answer does not bind {gradient}")
        names = names_read(code)
        self._supply(ready, names)
        traits = traits_of([code], ready.behind, self._gradients)
        watch = sorted(
            name for name in names & self._gradients if name != gradient and self._nodes[name] in ready.bound
        )
        outcomes: dict[World, Outcome] = {}
        output, changed = "", set[str]()
        try:
            for worlds, limit in ((FIRST, LIVE_TIMEOUT), (LATER, LIVE_TIMEOUT * OTHERS_TAKE)):
                body = {"do": "try", "worlds": worlds, "code": code, "name": gradient, "watch": watch}
                said, tensors = ready.runner.request(body, limit)
                for world in worlds:
                    words = said.get(world, {"error": "did not run"})
                    found = outcome_of(words, str(words.get("kind", "")), tensors.get(world), (gradient, shape))
                    outcomes[world] = replace(found, trouble=_with_line(found.trouble, words, code))
                    changed |= set(words.get("changed", []))
                output = output or str(said.get(World.FLOAT32, {}).get("output", ""))
                if outcomes[World.FLOAT32].tensor is None:
                    break
        except TimedOut:
            self._drop()
            error = f"no end after {LIVE_TIMEOUT:g} s"
            return Verdict(place.node, Status.TIMEOUT, shape, error=error, seconds=LIVE_TIMEOUT)
        except (Broken, *MALFORMED):
            self._drop()
            return Verdict(place.node, Status.ERROR, shape, error="the answer ended its process")
        verdict = self._judged(ready, outcomes, traits, code)
        return replace(_with_aliasing(verdict, changed), output=output)

    def close(self) -> None:
        """Ends the runner."""
        self._drop()

    def _judged(self, ready: _Ready, outcomes: dict[World, Outcome], traits: Traits, code: str) -> Verdict:
        """The verdict, also on whether names that were clobbered before are the mistake."""
        single = outcomes[World.FLOAT32]
        case = Case(
            node=ready.place.node,
            gradients={world: each.tensor for world, each in outcomes.items() if each.tensor is not None},
            errors={world: each.trouble for world, each in outcomes.items() if each.tensor is None},
            traits=traits,
        )
        verdict = self._bench.judge(case)
        by = {name: where for name, where in ready.clobbered.items() if name in traits.depends}
        if by and not verdict.passed:
            restored = self._restored(ready, code, sorted(by))
            clobbered = [(name, node, f"line {line}") for name, (node, line) in by.items()]
            again = self._bench.judge(replace(case, restored=restored, clobbered=clobbered))
            verdict = again if again.diagnosis and again.diagnosis.kind == "clobbered" else verdict
        if single.tensor is None:
            verdict = replace(verdict, status=single.status, error=single.trouble)
        return verdict

    def _restored(self, ready: _Ready, code: str, names: list[str]) -> TensorData | None:
        name = self._name(ready.place.node)
        body = {"do": "try", "worlds": [World.LOCAL], "code": code, "name": name, "restore": names}
        _, tensors = ready.runner.request(body, LIVE_TIMEOUT)
        return tensors.get(World.LOCAL)

    def _run_up(self, ready: _Ready) -> bool:
        """Runs the steps before the place that do not hang; False where one did, and the runner is dead."""
        place, runner = ready.place, ready.runner
        before = {name for step in place.steps for name in step.reads}
        ended = {self._name(node) for _, node in place.completed}
        runner.begin(WORLDS, before)
        self._supply(ready, before - ended)
        for index, step in enumerate(place.steps):
            if step.code not in self._excluded and not self._ran(ready, step):
                return False
            for at, node in place.completed:
                if at == index and node != place.node:
                    worlds = REPLACED if node in place.own else (World.FLOAT32, *REPLACED)
                    runner.put(node, self._name(node), {world: self._bench.gradient(node, world) for world in worlds})
                    ready.bound.add(node)
        return True

    def _ran(self, ready: _Ready, step: ProgramStatement) -> bool:
        body: dict[str, Any] = {"do": "step", "worlds": WORLDS, "code": step.code, "line": step.line}
        try:
            said, _ = ready.runner.request({**body, "take": [], "watch": [], "own": []}, LIVE_TIMEOUT * OTHERS_TAKE)
        except (TimedOut, Broken):
            self._excluded.add(step.code)
            self._drop()
            return False
        for name in said[World.LOCAL]["clobbered"]:
            ready.clobbered[str(name)] = ("", step.line)
        return True

    def _supply(self, ready: _Ready, names: set[str] | frozenset[str]) -> None:
        """Puts the reference in place for gradients that are read and that no answer before gave."""
        for name in sorted(names & self._gradients):
            other = self._nodes[name]
            if other not in ready.bound and other != ready.place.node:
                ready.runner.put(other, name, {world: self._bench.gradient(other, world) for world in WORLDS})
                ready.bound.add(other)

    def _drop(self) -> None:
        if self._runner is not None:
            self._runner.close()
        self._runner = self._ready = None


def _with_aliasing(verdict: Verdict, changed: set[str]) -> Verdict:
    """A word on other gradients that the answer changes on its way, whether it passes or not."""
    if not changed or not verdict.passed:
        return verdict
    message = f"it changes {', '.join(sorted(changed))} too: the names are one tensor"
    return replace(verdict, warnings=(*verdict.warnings, Warning.ALIASING), diagnosis=Diagnosis("aliasing", message))


def _with_line(trouble: str, said: dict[str, Any], code: str) -> str:
    line = said.get("line")
    return f"line {line}: {trouble}" if trouble and line and "\n" in code.strip("\n") else trouble
