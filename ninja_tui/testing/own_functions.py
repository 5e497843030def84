"""Judges the backward of each ``autograd.Function`` that a function runs, as a report does."""

from __future__ import annotations

import torch

from ninja_tui.engine.judge.functions import FunctionRow, function_calls, function_rows
from ninja_tui.testing.arguments import Call, called, is_function, no_leaf, tensors_in, with_tensors
from ninja_tui.testing.judgement import Judgement, words_for
from ninja_tui.testing.lines import LIBRARIES, Line, LineRecorder, code_of, is_of_a_person, last_line
from ninja_tui.testing.passes import OfFunction
from ninja_tui.testing.run import random_upstream


def judged_functions(call: Call, seed: int) -> list[Judgement]:
    """The verdicts on the backward of each Function that runs in ``call``, by argument; none where none runs.

    Raises whatever a person's own code raises.
    """
    __tracebackhide__ = True
    recorder = LineRecorder(None)
    recorder.functions.libraries = LIBRARIES
    inputs = [recorder.number(each.tensor) for each in call.inputs]
    alone = is_function(call.function)
    refused: Exception | None = None
    with recorder.running():
        try:
            _differentiate(call, seed, alone=alone)
        except Exception as error:
            if is_of_a_person(error):
                raise
            refused = error
        recorder.functions.try_all()
    recorder.hold(inputs)
    judgements: list[Judgement] = []
    for row in function_rows(recorder.record):
        verdict = row.verdict()
        line = _line(recorder, row) or (last_line(code_of(OfFunction(call.function).written)) if alone else None)
        name = row.argument if alone else row.label
        judgements.append(Judgement(name, verdict, line, words_for(verdict)))
    if refused is not None and all(each.verdict.passed for each in judgements):
        raise refused
    return judgements


def _differentiate(call: Call, seed: int, *, alone: bool) -> None:
    """Runs forward and backward; a Function gets no leaves of autograd: it may change what it is given in place."""
    __tracebackhide__ = True
    with torch.enable_grad():
        args = [with_tensors(each, no_leaf) for each in call.args] if alone else call.args
        result = called(call.function, tuple(args), call.kwargs)
        flowing = [each for _, each in tensors_in("", result) if each.requires_grad and each.is_floating_point()]
        if not flowing:
            return
        weights = [random_upstream(each, seed + place) for place, each in enumerate(flowing)]
        # one number: grad_outputs would have autograd import half a second of symbolic shapes
        total = torch.stack([(each * weight).sum() for each, weight in zip(flowing, weights, strict=True)]).sum()
        torch.autograd.grad(total, [each.tensor for each in call.inputs if each.asked], allow_unused=True)


def _line(recorder: LineRecorder, row: FunctionRow) -> Line | None:
    """Where the gradient was computed, or else where the backward returns."""
    for call in function_calls(recorder.record):
        run = call.backward
        names = [each.name for each in call.inputs]
        if run is None or (call.name, call.line) != (row.function, row.line) or row.argument not in names:
            continue
        place = names.index(row.argument)
        number = run.returned[place] if place < len(run.returned) else None
        if number is not None and run.first <= recorder.record.made_by[number] < run.last:
            line = recorder.line_of(number)
            if line is not None:
                return line
        path = recorder.path_of(run.first, run.last)
        return None if path is None or not call.line else Line.of(path, call.line)
    return None
