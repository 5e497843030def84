"""Judges the gradients of recorded runs: of one, in other worlds too, or of several on inputs of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.compare import columns, distance
from ninja_tui.engine.judge.graph import Graph
from ninja_tui.engine.judge.network import Network, Output
from ninja_tui.engine.judge.recorded import Gradient, assess
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.operators import Absent
from ninja_tui.engine.recording.record import Number
from ninja_tui.engine.recording.replay import RAISED, Paths, Replay
from ninja_tui.testing.judgement import Judgement, Word, words_for
from ninja_tui.testing.passes import NotJudged
from ninja_tui.testing.run import Returned, Run

LOSS = "the loss"
FLAT = "the function's derivative is 0 wherever it has one: what is returned is a surrogate, and no gradient"
NEAR_ENOUGH = 1e-4
"""Relative difference up to which numbers are right of which some left PyTorch on the way."""


class RunJudge:
    """Judges one run. ``apart``: only on its own numbers, since some have become Python's."""

    def __init__(self, run: Run, *, apart: bool) -> None:
        self.run = run
        self._network = Network(run.record, [Output(run.loss)], Paths.TRACKED, near=not apart)
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
        return Assessor(Graph(network, numbers, groups), lambda name: upstream.get(name, f"d{name}"), any_upstream=True)

    def judge(self, returned: Returned) -> Judgement:
        """The verdict on one gradient."""
        name, number = returned.input.name, self.run.inputs[returned.input.name]
        shape = tuple(returned.input.tensor.shape)
        if returned.error or returned.value is None:
            return _judgement(returned, Verdict(name, Status.ERROR, shape, error=returned.error))
        if number not in self._network.computed:
            if floats_leave(self.run, number):
                reason = "could not be judged: on the way to what is returned it leaves PyTorch"
                return _judgement(returned, Verdict(name, Status.ERROR, shape, error=reason))
            return _judgement(returned, self._on_unused(returned, shape))
        try:
            verdict = assess(self._assessor, name, Gradient(returned.number, returned.value), self._places)
        except Absent as error:
            return _judgement(returned, Verdict(name, Status.ERROR, shape, error=f"could not be judged: {error}"))
        except Exception as error:  # whatever a gradient makes go wrong costs that gradient
            reason = f"could not be judged: {message_of(error)}"
            return _judgement(returned, Verdict(name, Status.ERROR, shape, error=reason))
        return self._told(returned, verdict)

    def _told(self, returned: Returned, verdict: Verdict) -> Judgement:
        if returned.absent and not verdict.passed:
            missing = Diagnosis(Kind.MISSING_PATH, "None is returned for it, which autograd takes for a gradient of 0")
            return _judgement(returned, replace(verdict, diagnosis=missing))
        if verdict.status is Status.FAIL:
            return _judgement(returned, replace(verdict, diagnosis=self._diagnosis(returned, verdict)))
        return _judgement(returned, verdict, words_for(verdict))

    def _diagnosis(self, returned: Returned, verdict: Verdict) -> Diagnosis | None:
        """What is wrong with a gradient, where random upstream gradients tell more than the judge was asked for."""
        node = self.run.inputs[verdict.node]
        if not any(bool(world.gradient(node).any()) for world in self._network.worlds()):
            return Diagnosis(Kind.EXTRA_PATH, FLAT)
        read = self.run.record.ancestors(returned.number)
        vague = verdict.diagnosis is None or verdict.diagnosis.kind in (Kind.SCALE, Kind.UNKNOWN)
        if vague and not read & self._places.keys() and not numbers_leave(self.run):
            names = ", ".join(each.upstream_name for each in self.run.outputs)
            return Diagnosis(Kind.NO_UPSTREAM, f"it is computed without the upstream gradient {names}")
        return verdict.diagnosis

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

    def is_near(self, returned: Returned) -> bool:
        """Whether the numbers of a gradient are right here, to so many digits as float32 has after a long way."""
        number, value = self.run.inputs[returned.input.name], returned.value
        if value is None or number not in self._network.computed:
            return False
        reference = self._assessor.reference(number)
        if value.shape != reference.shape or value.dtype != reference.dtype:
            return False
        return distance(value, reference) <= NEAR_ENOUGH or self._assessor.is_vacuous(number)


def _judgement(returned: Returned, verdict: Verdict, words: tuple[Word, ...] = ()) -> Judgement:
    return Judgement(returned.input.name, verdict, returned.line, words)


def judged(run: Run) -> list[Judgement]:
    """The verdicts on one run, whose numbers all stay in PyTorch."""
    judge = RunJudge(run, apart=False)
    return [judge.judge(each) for each in run.returned]


def judged_together(runs: Sequence[Run]) -> list[Judgement]:
    """The verdicts on several runs, each on its own inputs and upstream gradients: right is what is so in all."""
    judges = [RunJudge(each, apart=True) for each in runs]
    floats = len(runs) > 1 and any(map(floats_leave, runs))
    beside = _beside(runs)
    result: list[Judgement] = []
    for index in range(len(runs[0].returned)):
        pairs = [(judge, judge.run.returned[index]) for judge in judges]
        judgements = [judge.judge(returned) for judge, returned in pairs]
        failing = [each for each in judgements if not each.verdict.passed]
        near = floats and all(judge.is_near(returned) for judge, returned in pairs)
        if failing and near and all(each.verdict.status is Status.FAIL for each in failing):
            passed = replace(failing[0].verdict, status=Status.PASS, diagnosis=None)
            result.append(replace(judgements[0], verdict=passed, words=(Word.BY_NUMBERS, *beside)))
        elif failing:
            result.append(failing[0])
        else:
            words = [word for word in judgements[0].words if all(word in each.words for each in judgements)]
            result.append(replace(judgements[0], words=(*words, *beside)))
    return result


def _beside(runs: Sequence[Run]) -> tuple[Word, ...]:
    """What several runs leave open."""
    if len(runs) == 1:
        return (Word.OWN_NUMBERS,)
    choices = [_choices(each) for each in runs]
    return (Word.OWN_BRANCH,) if choices[0] and all(each == choices[0] for each in choices) else ()


def _choices(run: Run) -> list[bool]:
    """The truth values by which a run chose what to compute."""
    values = [_value(run, each.number) for each in run.record.escapes if each.decides]
    return [bool(each) for each in values if each is not None and each.numel() == 1]


def numbers_leave(run: Run) -> bool:
    """Whether some value has become Python's, such as the condition of an ``if``.

    Whole numbers that depend on no value that is varied, as those of ``one_hot``, stay what they are.
    """
    record = run.record
    varied = {*record.parameters, *(each.upstream for each in run.outputs)}
    return any(each.number not in record.indices or record.ancestors(each.number) & varied for each in record.escapes)


def floats_leave(run: Run, source: Number | None = None, before: int | None = None) -> bool:
    """Whether a floating-point number has become Python's, or NumPy's: from ``source``, ``before`` a step."""
    leaving = [each for each in run.record.escapes if not each.decides and (before is None or each.step <= before)]
    if source is not None:
        leaving = [each for each in leaving if source in run.record.ancestors(each.number)]
    values = [_value(run, each.number) for each in leaving]
    return any(each is None or each.is_floating_point() for each in values)


def _value(run: Run, number: Number) -> torch.Tensor | None:
    """What a value was; None where that is not known."""
    try:
        with torch.no_grad():
            return Replay(run.record, [number], dtype=torch.float32).run({})[number]
    except (*RAISED, Absent):
        return None
