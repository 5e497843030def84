"""Judges the backward of each ``autograd.Function`` that a function runs, as a report does."""

from __future__ import annotations

import torch

from ninja_tui.engine.judge.functions import FunctionVerdict, function_calls, judge_call, merged
from ninja_tui.engine.recording.record import FunctionCall
from ninja_tui.testing.arguments import Call, called, is_function
from ninja_tui.testing.judgement import Judgement, words_for
from ninja_tui.testing.lines import LIBRARIES, Line, LineRecorder


def judged_functions(call: Call) -> list[Judgement]:
    """The verdicts on the backward of each Function that runs in ``call``, by argument; none where none runs.

    Raises whatever its forward passes raise.
    """
    __tracebackhide__ = True
    recorder = LineRecorder(None)
    recorder.functions.libraries = LIBRARIES
    with recorder.running():
        with torch.enable_grad():
            called(call.function, call.args, call.kwargs)
        recorder.functions.try_all()
    calls = {id(each): (each, of) for of in function_calls(recorder.record) for each in judge_call(recorder.record, of)}
    verdicts = merged([each for each, _ in calls.values()])
    alone = is_function(call.function)
    return [_judgement(each, _line(recorder, calls[id(each)][1], each), alone=alone) for each in verdicts]


def _judgement(judged: FunctionVerdict, line: Line | None, *, alone: bool) -> Judgement:
    name = judged.argument if alone else judged.verdict.gradient
    return Judgement(name, judged.verdict, line, words_for(judged.verdict))


def _line(recorder: LineRecorder, call: FunctionCall, judged: FunctionVerdict) -> Line | None:
    """Where the gradient was computed, or else where the backward returns."""
    run = call.backward
    if run is None:
        return None
    place = [each.name for each in call.inputs].index(judged.argument)
    number = run.returned[place] if place < len(run.returned) else None
    line = None if number is None else recorder.line_of(number)
    if line is not None and run.first <= recorder.record.made_by[number or 0] < run.last:
        return line
    path = recorder.path_of(run.first, run.last)
    return None if path is None or not call.line else Line.of(path, call.line)
