"""One evaluation of one answer: what it gave when it ran, replayed in every world, and judged."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.protocol.answering import Outcome, ReplayGradient, TryAnswer
from ninja_tui.engine.protocol.judging import Clobbered, Evidence, Reading
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Kind, Status, Verdict

SCALARS = ("bool", "int", "float")
REPLAYS_TAKE = 3
"""How many times longer than to run it a trial of an answer may take."""
LONGEST_REPLAY = 60.0
"""Seconds that all trials of an answer may take, however long it may take itself."""


@dataclass(frozen=True)
class Given:
    """The gradient that an answer gave; where there is no ``tensor``, ``error`` says why, and ``status`` what it is."""

    tensor: TensorData | None = None
    status: Status = Status.ERROR
    error: str = ""


def gradient_in(outcome: Outcome, name: str, shape: tuple[int, ...]) -> Given:
    """The gradient called ``name``, of a node of that ``shape``."""
    if outcome.error:
        return Given(error=outcome.error)
    bound = (outcome.gradients or {}).get(name)
    if bound is None or not bound.kind:
        return Given(error=f"the answer does not bind {name}")
    if bound.tensor is None or (bound.kind in SCALARS and shape != ()):
        kind = f"a {bound.kind}" if " " in bound.kind else f"of type {bound.kind}"  # what has no name has a description
        return Given(error=f"{name} is {kind}, not a tensor of shape {shape}")
    return Given(bound.tensor)


@dataclass(frozen=True)
class Asked:
    """An answer: its ``node``, the name that it binds, its code, and the seconds that running it may take."""

    node: str
    gradient: str
    code: str
    limit: float


class Evaluation:
    """Evaluates answers that have run in ``runner``. Raises TimedOut or Broken where that does not go on."""

    def __init__(self, bench: Workbench, runner: Runner) -> None:
        self._bench, self._runner = bench, runner

    def verdict(self, asked: Asked, given: Given, reading: Reading) -> Verdict:
        """The verdict on what an answer gave."""
        return self._bench.judge(self.evidence(asked, given, reading))

    def evidence(self, asked: Asked, given: Given, reading: Reading) -> Evidence[TensorData]:
        """What an answer gave when it ran, and in each of its trials."""
        if given.tensor is None:
            return Evidence(asked.node, reading, error=given.error)
        trials = self._bench.plan(asked.node, reading).trials
        limit = min(asked.limit * REPLAYS_TAKE * len(trials), LONGEST_REPLAY)
        replayed = self._runner.replay(ReplayGradient(asked.gradient, trials, asked.code), limit)
        return Evidence(
            asked.node, reading, given.tensor, replayed.results, replayed.errors, replayed.chained, replayed.isolated,
            replayed.rounded_to,
        )  # fmt: skip

    def with_names_restored(
        self, asked: Asked, evidence: Evidence[TensorData], clobbered: tuple[Clobbered, ...]
    ) -> Verdict | None:
        """The verdict that names of the lesson were clobbered before, if that is the mistake."""
        names = tuple(sorted(each.name for each in clobbered))
        outcome = self._runner.execute(TryAnswer(asked.code, asked.gradient, restore=names), asked.limit)
        given = gradient_in(outcome, asked.gradient, self._bench.facts.shapes[asked.node])
        reading = (outcome.readings or {}).get(asked.gradient)
        if given.tensor is None or reading is None:
            return None
        again = self.evidence(asked, given, reading)
        if not self._bench.judge(again).passed:  # what is wrong with the lesson's values too is another mistake
            return None
        verdict = self._bench.judge(replace(evidence, restored=again.results[0], clobbered=clobbered))
        if verdict.diagnosis is None or verdict.diagnosis.kind is not Kind.CLOBBERED:
            return None
        return verdict
