"""Judges the backward of an ``autograd.Function``: each gradient that it returns, against its forward's operations.

What autograd computes in a program goes through that backward, and is no reference for it. The reference is what
autograd makes of the operations in forward, for any upstream gradient, on other inputs, in float64.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

from ninja_tui.engine.judge.function_network import OpenedCall, sums_to
from ninja_tui.engine.judge.function_program import (
    Unfollowed,
    call_program,
    draws_from,
    is_identity,
    judged_places,
    rounds,
    unfollowed,
)
from ninja_tui.engine.judge.recorded import Gradient, assess, passes
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict, Warning
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.operators import Absent
from ninja_tui.engine.recording.record import BackwardRun, FunctionCall, Number, Record
from ninja_tui.engine.recording.replay import RAISED

NOT_JUDGED = "could not be judged"
NOT_CALLED = "its backward was not called"


def function_calls(record: Record) -> list[FunctionCall]:
    """The calls in a record that are to be judged: of a person's own Functions, without those that repeat others.

    One that ran where nobody asked for gradients, or that cannot be followed, says nothing beside one that was
    differentiated.
    """
    calls = [each for each in record.functions if each.own and each.values]
    differentiated = {(each.name, each.line) for each in calls if _is_differentiated(each)}
    return [
        each
        for each in calls
        if _is_differentiated(each) or (each.name, each.line) not in differentiated or _is_asked(each)
    ]


def _is_differentiated(call: FunctionCall) -> bool:
    return call.backward is not None and bool(call.backward.upstream)


def _is_asked(call: FunctionCall) -> bool:
    return call.backward is None and any(given.needed for given in call.inputs)


@dataclass(frozen=True)
class FunctionRow:
    """What the backward of ``function``, in ``line``, returns for ``argument``, in all calls that are judged."""

    function: str
    argument: str
    line: int
    shape: tuple[int, ...]
    cases: tuple[tuple[_Case, int], ...]

    @property
    def label(self) -> str:
        """How a report calls it."""
        return label_of(self.function, self.argument)

    def verdict(self) -> Verdict:
        """The verdict on it: that on a call which fails, or is not judged, before one that passes.

        A call whose backward autograd never came by says nothing where it has come by another's.
        """
        return min((case.verdict(place) for case, place in self.cases), key=_rank)


def function_rows(record: Record) -> list[FunctionRow]:
    """What there is to judge in a record, in the order of the calls."""
    rows: dict[tuple[str, str, int], FunctionRow] = {}
    for call in function_calls(record):
        case = _Case(record, call)
        for place in judged_places(call):
            key = call.name, call.inputs[place].name, call.line
            value = call.values[place]
            shape = () if value is None else tuple(value.shape)
            row = rows.get(key) or FunctionRow(*key, shape, ())
            rows[key] = replace(row, cases=(*row.cases, (case, place)))
    return list(rows.values())


def surrogates(record: Record) -> dict[Number, str]:
    """What Functions return whose backward is no derivative on purpose, each with the Function's name."""
    meant = {(row.function, row.line) for row in function_rows(record) if Warning.SURROGATE in row.verdict().warnings}
    calls = [each for each in record.functions if (each.name, each.line) in meant]
    return {output.number: call.name for call in calls for output in call.outputs if output.number is not None}


def label_of(function: str, argument: str) -> str:
    """``Swish.backward → x``: what the backward of a Function returns for an argument of its forward."""
    return f"{function}.backward → {argument}"


def _rank(verdict: Verdict) -> tuple[int, int]:
    if verdict.status is Status.FAIL:
        return 0, 0
    if verdict.status is Status.ERROR:
        return (4 if verdict.error == f"{NOT_JUDGED}: {NOT_CALLED}" else 1), 0
    return 2, -len(verdict.warnings)


class _Case:
    """One call, with what is computed of it when it is needed."""

    def __init__(self, record: Record, call: FunctionCall) -> None:
        self._record, self._call = record, call

    def verdict(self, place: int) -> Verdict:
        """The verdict on the gradient of the argument in this place."""
        call, run = self._call, self._call.backward
        if run is None:
            return self._unjudged(place, NOT_CALLED)
        if run.error:
            return replace(self._blank(place), error=run.error)
        if place >= len(run.returned):
            count = len(run.returned)
            gradients = "one gradient" if count == 1 else f"{count} gradients"
            return replace(
                self._blank(place),
                error=f"its backward returns {gradients} for {len(call.inputs)} arguments of forward",
            )
        reason = unfollowed(self._record, call, run)
        if reason:
            return self._unjudged(place, reason)
        try:
            return self._judged(place, run)
        except (Unfollowed, Absent) as error:
            return self._unjudged(place, str(error))
        except Exception as error:  # whatever a call makes go wrong costs that call
            return self._unjudged(place, message_of(error))

    def _judged(self, place: int, run: BackwardRun) -> Verdict:
        program = self._programs.plain
        if run.returned[place] is None:
            verdict = self._without(place, program)
        else:
            refused = self._refused(place, program)
            if refused:
                return refused
            verdict = self._of_zero(place, program) if program.is_zero(place) else self._assessed(place, program)
        if not verdict.passed and self._is_surrogate(place):
            verdict = replace(verdict, status=Status.PASS, diagnosis=None, probe=None, warnings=(Warning.SURROGATE,))
        elif not verdict.passed:
            verdict = self._without_upstream(place, program) or self._of_another(place, program) or verdict
        if verdict.passed and run.changes_upstream:
            verdict = replace(verdict, warnings=(*verdict.warnings, Warning.CHANGES_UPSTREAM))
        return verdict

    def _assessed(self, place: int, program: OpenedCall) -> Verdict:
        name, gradient = program.names[place], program.gradient(place)
        try:
            verdict = assess(program.assessor, name, gradient, program.call.places)
        except Exception:  # what goes wrong where a mistake is looked for costs its kind
            if passes(program.assessor, name, gradient, program.call.places):
                raise
            unknown = Diagnosis(Kind.UNKNOWN, "no known kind of mistake")
            verdict = replace(self._blank(place), status=Status.FAIL, expected_shape=program.shape(place))
            verdict = replace(verdict, diagnosis=unknown)
        verdict = replace(verdict, diagnosis=self._of_forward(verdict.diagnosis))
        verdict = replace(verdict, node=self._label(place), named=self._label(place), line=self._line, chained=None)
        verdict = replace(verdict, warnings=tuple(each for each in verdict.warnings if each is not Warning.STRUCTURE))
        shape = program.raw_shape(place)
        if verdict.passed and shape != verdict.expected_shape:
            verdict = replace(verdict, warnings=(*verdict.warnings, Warning.SUMMED))
        return replace(verdict, shape=shape, paths=())

    def _of_forward(self, diagnosis: Diagnosis | None) -> Diagnosis | None:
        """What is said of a statement is said of forward."""
        return diagnosis and replace(diagnosis, message=diagnosis.message.replace("this statement", "forward"))

    def _without(self, place: int, program: OpenedCall) -> Verdict:
        """Where backward returns None: right only where the gradient is 0 whatever comes in."""
        shape = program.shape(place)
        blank = replace(self._blank(place), expected_shape=shape)
        if program.is_zero(place) or program.passes_zeros(place):
            return replace(blank, status=Status.PASS, error=None)
        told = f"returns None for `{self._call.inputs[place].name}`, which needs a gradient that is not 0"
        return replace(blank, status=Status.FAIL, error=None, diagnosis=Diagnosis(Kind.MISSING_PATH, told))

    def _refused(self, place: int, program: OpenedCall) -> Verdict | None:
        """Where the shape is one that autograd does not take."""
        shape, expected = program.raw_shape(place), program.shape(place)
        if sums_to(shape, expected):
            return None
        told = f"shape {shape} for an input of shape {expected}: autograd refuses it"
        other = self._place_of_shape(place, shape, program)
        if other is not None:
            told += f"; that is the shape of `{self._call.inputs[other].name}`"
        blank = replace(self._blank(place), expected_shape=expected, shape=shape)
        return replace(blank, status=Status.FAIL, error=None, diagnosis=Diagnosis(Kind.SHAPE, told))

    def _place_of_shape(self, place: int, shape: tuple[int, ...], program: OpenedCall) -> int | None:
        others = [each for each in program.call.inputs if each != place and program.shape(each) == shape]
        return others[0] if others else None

    def _of_zero(self, place: int, program: OpenedCall) -> Verdict:
        """Where the derivative is 0 whatever comes in."""
        blank = replace(
            self._blank(place), error=None, expected_shape=program.shape(place), shape=program.raw_shape(place)
        )
        if program.gives_zeros(place):
            return replace(blank, status=Status.PASS, exact=True, approximate=True, maxdiff=0.0)
        reason = "the derivative of forward is 0" if program.reaches(place) else "forward does not depend on it"
        return replace(blank, status=Status.FAIL, diagnosis=Diagnosis(Kind.EXTRA_PATH, f"not 0, and {reason}"))

    def _without_upstream(self, place: int, program: OpenedCall) -> Verdict | None:
        """Where the upstream gradient is forgotten, which is 1 wherever a loss is the last thing that is computed."""
        number = program.call.returned.get(place)
        given = program.call.only_upstream
        if number is None or given is None:
            return None
        weighed = program.call.multiplied(number, given)
        gradient = Gradient(weighed, program.value(weighed), len(program.call.record.steps))
        if not passes(program.assessor, program.names[place], gradient, program.call.places):
            return None
        name = self._call.upstream_names[0]
        told = f"the derivative alone, without the upstream gradient `{name}`, which is 1 only at the end of a loss"
        return replace(self._assessed(place, program), diagnosis=Diagnosis(Kind.NO_UPSTREAM, told))

    def _of_another(self, place: int, program: OpenedCall) -> Verdict | None:
        """Where what is returned for one argument is the gradient of another."""
        if place not in program.call.returned:
            return None
        gradient = program.gradient(place)
        for other in program.call.inputs:
            if other == place or program.shape(other) != program.shape(place) or other not in program.names:
                continue
            if program.is_zero(other) or not passes(
                program.assessor, program.names[other], gradient, program.call.places
            ):
                continue
            told = (
                f"that is the gradient of `{self._call.inputs[other].name}`: backward returns them in forward's order"
            )
            blank = replace(self._assessed(place, program), diagnosis=Diagnosis(Kind.WRONG_DERIVATIVE, told))
            return blank
        return None

    def _is_surrogate(self, place: int) -> bool:
        """Whether the backward is meant to be another than the derivative.

        So it is where forward has a derivative of 0 nearly everywhere, since it jumps or draws; where it gives back
        what it is given; and where the gradient is right once what rounds is taken for the identity.
        """
        program = self._programs.plain
        if self._run.returned[place] is None:
            return False
        if program.is_zero(place):
            jumps = program.reaches(place) and program.jumps(place)
            if jumps or draws_from(self._record, self._call, place):
                return True
        if is_identity(self._record, self._call) and program.keeps_shape(place):
            return self._of_another(place, program) is None
        if not rounds(self._record, self._call):
            return False
        through = self._programs.through
        return self._assessed(place, through).passed

    @property
    def _run(self) -> BackwardRun:
        run = self._call.backward
        assert run is not None
        return run

    @functools.cached_property
    def _programs(self) -> _Programs:
        return _Programs(self._record, self._call, self._run)

    @property
    def _line(self) -> int | None:
        return self._call.line or None

    def _label(self, place: int) -> str:
        return label_of(self._call.name, self._call.inputs[place].name)

    def _blank(self, place: int) -> Verdict:
        value = self._call.values[place]
        shape = () if value is None else tuple(value.shape)
        return Verdict(self._label(place), Status.ERROR, shape, line=self._line, named=self._label(place))

    def _unjudged(self, place: int, reason: str) -> Verdict:
        return replace(self._blank(place), error=f"{NOT_JUDGED}: {reason}")


class _Programs:
    """A call's program as it is, and with what rounds taken for the identity."""

    def __init__(self, record: Record, call: FunctionCall, run: BackwardRun) -> None:
        self._parts = record, call, run

    @functools.cached_property
    def plain(self) -> OpenedCall:
        try:
            return OpenedCall(call_program(*self._parts), self._parts[1])
        except RAISED:  # whole numbers in the guise of others, such as indices
            return OpenedCall(call_program(*self._parts, moved=False), self._parts[1])

    @functools.cached_property
    def through(self) -> OpenedCall:
        return OpenedCall(call_program(*self._parts, through=True), self._parts[1])
