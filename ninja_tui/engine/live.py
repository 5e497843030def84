"""Judges an answer while it is typed: the cost of a key press is one run of that one answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ninja_tui.engine.rerun import DOUBLE_TAKES, PRECISIONS, Outcome, outcome_of, verdict_on
from ninja_tui.engine.verdict import Status, Verdict
from ninja_tui.engine.wire import Broken, TimedOut
from ninja_tui.engine.workbench import Runner, Workbench
from ninja_tui.lesson.answers import Answer, Step, binds, names_read

LIVE_TIMEOUT = 2.0
"""Seconds that one live evaluation may take."""


@dataclass(frozen=True)
class Place:
    """Where an answer is typed: its node, what stands before it in the file, and which gradients there stay.

    ``completed`` pairs a step's index with the nodes whose answers end there; of those, the ones in ``own``
    keep the person's float32 gradient, all others get the reference.
    """

    node: str
    steps: tuple[Step, ...] = ()
    completed: tuple[tuple[int, str], ...] = ()
    own: frozenset[str] = frozenset()

    @classmethod
    def after(cls, node: str, steps: tuple[Step, ...], answers: tuple[Answer, ...], own: frozenset[str]) -> Place:
        """The place behind ``steps``, the first of a program whose answers are ``answers``."""
        completed = tuple((answer.last, answer.node) for answer in answers if answer.last < len(steps))
        return cls(node, steps, completed, own)


class LiveJudge:
    """Evaluates code at one place at a time. Not for two threads at once."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._place: Place | None = None
        self._runner: Runner | None = None
        self._bound: set[str] = set()
        self._excluded: set[str] = set()

    def prepare(self, place: Place) -> None:
        """Makes ready for answers at ``place``: what stands before it has run when this returns."""
        if self._runner is None or place.node in self._runner.seen:
            self._renew()
        self._place = place
        while not self._run_up(place):
            self._renew()

    def evaluate(self, code: str, place: Place) -> Verdict:
        """The verdict on ``code``, which is complete Python, as the answer at ``place``."""
        if place != self._place or self._runner is None:
            self.prepare(place)
        shape = self._bench.facts.shapes[place.node]
        gradient = f"d{place.node}"
        if not binds(code, gradient):
            return Verdict(place.node, Status.ERROR, shape, error=f"the answer does not bind {gradient}")
        runner = self._runner
        if runner is None:
            raise RuntimeError("prepare gives a runner")
        self._supply(runner, place.node, names_read(code))
        body = {"do": "try", "dtypes": PRECISIONS, "code": code, "name": gradient}
        try:
            said, tensors = runner.request(body, LIVE_TIMEOUT)
        except TimedOut:
            self._drop()
            error = f"no end after {LIVE_TIMEOUT:g} s"
            return Verdict(place.node, Status.TIMEOUT, shape, error=error, seconds=LIVE_TIMEOUT)
        except Broken:
            self._drop()
            return Verdict(place.node, Status.ERROR, shape, error="the answer ended its process")
        outcomes = []
        for dtype in PRECISIONS:
            part = said.get(dtype, {"error": "did not run"})
            outcome = outcome_of(part, str(part.get("kind", "")), tensors.get(dtype), (gradient, shape))
            outcomes.append(replace(outcome, trouble=_with_line(outcome, part, code)))
        single, double = outcomes
        seconds = float(said.get("seconds", 0.0))
        return replace(verdict_on(self._bench, place.node, single, double.tensor), seconds=seconds)

    def close(self) -> None:
        """Ends the runner."""
        self._drop()

    def _run_up(self, place: Place) -> bool:
        """Runs the steps before ``place`` that do not hang; False where one did, and the runner is dead."""
        runner = self._runner
        if runner is None:
            return False
        self._bound = set()
        for dtype in PRECISIONS:
            runner.begin(dtype)
        before = {name for step in place.steps for name in step.reads}
        ended = {node for _, node in place.completed}
        self._supply(runner, place.node, before - {f"d{node}" for node in ended})
        for index, step in enumerate(place.steps):
            if step.code not in self._excluded and not self._ran(runner, step):
                return False
            for at, node in place.completed:
                if at == index and node != place.node:
                    for dtype in PRECISIONS:
                        if dtype == "float64" or node not in place.own:
                            runner.put(dtype, node, self._bench.gradient(node, dtype))
                    self._bound.add(node)
        return True

    def _ran(self, runner: Runner, step: Step) -> bool:
        for dtype in PRECISIONS:
            body = {"do": "step", "dtype": dtype, "code": step.code, "line": step.line, "take": []}
            try:
                runner.request(body, LIVE_TIMEOUT * DOUBLE_TAKES)
            except (TimedOut, Broken):
                self._excluded.add(step.code)
                self._drop()
                return False
        return True

    def _supply(self, runner: Runner, node: str, names: set[str] | frozenset[str]) -> None:
        """Puts the reference in place for gradients that are read and that no answer before gave."""
        for other in self._bench.facts.shapes:
            if f"d{other}" in names and other not in self._bound and other != node:
                for dtype in PRECISIONS:
                    runner.put(dtype, other, self._bench.gradient(other, dtype))
                self._bound.add(other)

    def _renew(self) -> None:
        self._drop()
        self._runner = self._bench.runner()
        self._bench.make_ahead()

    def _drop(self) -> None:
        if self._runner is not None:
            self._runner.close()
        self._runner = None


def _with_line(outcome: Outcome, said: dict[str, object], code: str) -> str:
    line = said.get("line")
    many = "\n" in code.strip("\n")
    return f"line {line}: {outcome.trouble}" if outcome.trouble and line and many else outcome.trouble
