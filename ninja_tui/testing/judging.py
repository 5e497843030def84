"""Judges the gradients of recorded runs: of one, in other worlds too, or of several on inputs of their own."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.compare import columns, distance
from ninja_tui.engine.judge.decide import OWN_BRANCH
from ninja_tui.engine.judge.graph import Graph
from ninja_tui.engine.judge.network import Network, Output
from ninja_tui.engine.judge.recorded import Gradient, assess
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict, Warning
from ninja_tui.engine.recording.execution import message_of
from ninja_tui.engine.recording.operators import Absent
from ninja_tui.engine.recording.replay import RAISED, Paths, Replay
from ninja_tui.testing.passes import NotJudged
from ninja_tui.testing.run import Returned, Run

LOSS = "the loss"
NEAR_ENOUGH = 1e-4
"""Relative difference up to which numbers are right of which some left PyTorch on the way."""


class Word(enum.StrEnum):
    """What is worth a word beside a gradient that is right."""

    ONE_BRANCH = "one branch of what reads it is never taken, whatever the numbers tried: it is not judged there"
    OWN_BRANCH = "judged only in the branch that `if` takes on these numbers: give inputs that take the other one, too"
    BY_NUMBERS = "judged on numbers alone, to 4 digits: some of them leave PyTorch on the way, as with `.item()`"
    SHAPE = "right, in another shape than its tensor's"
    USES_AUTOGRAD = "autograd computes it inside the backward: right, and not by hand"


@dataclass(frozen=True)
class Judgement:
    """A gradient judged; ``words`` are worth a look beside a pass."""

    returned: Returned
    verdict: Verdict
    words: tuple[Word, ...] = ()

    @property
    def name(self) -> str:
        """The name of the input."""
        return self.returned.input.name


class RunJudge:
    """Judges one run. ``apart``: only on its own numbers, since some have become Python's."""

    def __init__(self, run: Run, *, apart: bool) -> None:
        self.run = run
        self._network = Network(run.record, [Output(run.loss)], Paths.TRACKED)
        if apart:
            self._network.keep_to_home()
        self._places = {each.upstream: each.number for each in run.outputs}
        self._assessor = self._opened()

    def _opened(self) -> Assessor:
        """Raises NotJudged where what the function did cannot be done again."""
        run, network = self.run, self._network
        try:
            if network.is_complex:
                raise NotJudged("the function computes with complex numbers")
            home = network.home()
        except Absent as error:
            raise NotJudged(str(error)) from None
        except RAISED as error:
            raise NotJudged(f"what the function does cannot be done again in float64: {message_of(error)}") from None
        numbers = {name: number for name, number in run.inputs.items() if number in network.computed}
        numbers = {name: number for name, number in numbers.items() if home.values[number].is_floating_point()}
        numbers |= {each.name: each.number for each in run.outputs} | {LOSS: run.loss}
        groups = [*((each.name,) for each in run.outputs), (LOSS,)]
        upstream = {each.name: each.upstream_name for each in run.outputs}
        return Assessor(Graph(network, numbers, groups), lambda name: upstream.get(name, f"d{name}"))

    def judge(self, returned: Returned) -> Judgement:
        """The verdict on one gradient."""
        name, number = returned.input.name, self.run.inputs[returned.input.name]
        shape = tuple(returned.input.tensor.shape)
        if returned.error or returned.value is None:
            return Judgement(returned, Verdict(name, Status.ERROR, shape, error=returned.error))
        if number not in self._network.computed:
            return Judgement(returned, self._on_unused(returned, shape))
        try:
            verdict = assess(self._assessor, name, Gradient(returned.number, returned.value), self._places)
        except Absent as error:
            return Judgement(returned, Verdict(name, Status.ERROR, shape, error=f"could not be judged: {error}"))
        except RAISED as error:
            reason = f"could not be judged: {message_of(error)}"
            return Judgement(returned, Verdict(name, Status.ERROR, shape, error=reason))
        return self._told(returned, verdict)

    def _told(self, returned: Returned, verdict: Verdict) -> Judgement:
        if returned.absent and not verdict.passed:
            missing = Diagnosis(Kind.MISSING_PATH, "None is returned for it, which autograd takes for a gradient of 0")
            return Judgement(returned, replace(verdict, diagnosis=missing))
        if Warning.STRUCTURE in verdict.warnings:
            some = Diagnosis(Kind.UNKNOWN, f"right for some upstream gradients, and not for any: {verdict.probe}")
            return Judgement(returned, replace(verdict, status=Status.FAIL, diagnosis=some, warnings=()))
        found = {
            Word.ONE_BRANCH: Warning.ONE_BRANCH in verdict.warnings,
            Word.OWN_BRANCH: verdict.probe == OWN_BRANCH,
            Word.SHAPE: Warning.SHAPE in verdict.warnings,
            Word.USES_AUTOGRAD: Warning.USES_AUTOGRAD in verdict.warnings,
        }
        words = tuple(word for word, there in found.items() if there and verdict.passed)
        return Judgement(returned, verdict, words)

    def _on_unused(self, returned: Returned, shape: tuple[int, ...]) -> Verdict:
        """The verdict on the gradient of what no output depends on: it is 0."""
        value = returned.value
        assert value is not None
        name = returned.input.name
        blank = Verdict(name, Status.PASS, shape, shape=tuple(value.shape), exact=True, approximate=True, maxdiff=0.0)
        if tuple(value.shape) == shape and not bool(value.any()):
            return blank
        compared = columns(value, torch.zeros(shape, dtype=value.dtype))
        message = "nothing that is returned depends on it, so its gradient is 0"
        return replace(
            blank, status=Status.FAIL, exact=compared.exact, approximate=compared.approximate,
            maxdiff=compared.maxdiff, diagnosis=Diagnosis(Kind.EXTRA_PATH, message),
        )  # fmt: skip

    def is_near(self, judgement: Judgement) -> bool:
        """Whether the numbers of a gradient are right here, to so many digits as float32 has after a long way."""
        number, value = self.run.inputs[judgement.name], judgement.returned.value
        if value is None or number not in self._network.computed:
            return judgement.verdict.passed
        reference = self._assessor.reference(number)
        if value.shape != reference.shape or value.dtype != reference.dtype:
            return False
        return distance(value, reference) <= NEAR_ENOUGH or self._assessor.is_vacuous(number)


def judged(run: Run) -> list[Judgement]:
    """The verdicts on one run, whose numbers all stay in PyTorch."""
    judge = RunJudge(run, apart=False)
    return [judge.judge(each) for each in run.returned]


def judged_together(runs: Sequence[Run]) -> list[Judgement]:
    """The verdicts on several runs, each on its own inputs and upstream gradients: right is what is so in all."""
    judges = [RunJudge(each, apart=True) for each in runs]
    result: list[Judgement] = []
    for index in range(len(runs[0].returned)):
        judgements = [judge.judge(judge.run.returned[index]) for judge in judges]
        failing = [each for each in judgements if not each.verdict.passed]
        floats = any(map(floats_leave, runs)) and len(runs) > 1
        near = floats and all(judge.is_near(each) for judge, each in zip(judges, judgements, strict=True))
        if failing and near and all(each.verdict.status is Status.FAIL for each in failing):
            passed = replace(failing[0].verdict, status=Status.PASS, diagnosis=None)
            result.append(Judgement(judgements[0].returned, passed, (Word.BY_NUMBERS,)))
        else:
            result.append(failing[0] if failing else judgements[0])
    return result


def numbers_leave(run: Run) -> bool:
    """Whether some value has become Python's, such as the condition of an ``if``."""
    return bool(run.record.escapes)


def floats_leave(run: Run) -> bool:
    """Whether a floating-point number has become Python's, or NumPy's."""
    return any(not each.decides and _is_floating(run, each.number) for each in run.record.escapes)


def _is_floating(run: Run, number: int) -> bool:
    try:
        with torch.no_grad():
            return Replay(run.record, [number], dtype=torch.float32).run({})[number].is_floating_point()
    except (*RAISED, Absent):
        return True
