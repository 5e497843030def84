"""Runs a function and its backward pass once, on given inputs, and records both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.recording.draws import generator
from ninja_tui.engine.recording.record import Number, Record, Root
from ninja_tui.testing.arguments import Call, Input, tensors_in
from ninja_tui.testing.lines import Line, LineRecorder, code_of, last_line
from ninja_tui.testing.passes import OUTPUT, BackwardPass, Misreturned, NotJudged

NOT_TENSORS = (bool, int, float, complex, str, bytes, type(None))


@dataclass(frozen=True)
class Output:
    """A tensor that the function returns: its ``number``, and the name and number of its upstream gradient."""

    name: str
    number: Number
    upstream_name: str
    upstream: Number


@dataclass(frozen=True)
class Returned:
    """The gradient that the backward pass returned for ``input``, and in which line it was computed.

    ``absent``: it returned None, which counts as zeros; ``error`` says why there is nothing to judge.
    """

    input: Input
    number: Number = -1
    value: torch.Tensor | None = None
    line: Line | None = None
    absent: bool = False
    error: str = ""


@dataclass(frozen=True)
class Run:
    """A forward and a backward pass in ``record``; the sum of outputs times upstream gradients is ``loss``.

    ``inputs`` are their values before anything ran, ``forward_ends`` is a number of steps, and ``changed`` names what
    the backward pass changed in place.
    """

    record: Record
    inputs: dict[str, Number]
    outputs: tuple[Output, ...]
    loss: Number
    returned: tuple[Returned, ...]
    forward_ends: int
    changed: tuple[str, ...]


class Forward:
    """A forward pass that has run, with random upstream gradients.

    Raises NotJudged where nothing can flow back, and whatever a person's own code raises.
    """

    def __init__(self, call: Call, backward: BackwardPass, seed: int) -> None:
        __tracebackhide__ = True
        self._call, self._pass = call, backward
        self._code = code_of(backward.written)
        self._recorder = recorder = LineRecorder(self._code)
        self._inputs = {each.name: recorder.number(each.tensor) for each in call.inputs}
        with recorder.running(), torch.enable_grad():
            self._result = backward.forward(call)
        self._ends = len(recorder.record.steps)
        tensors = dict(tensors_in(OUTPUT, self._result))
        flowing = {name: each for name, each in tensors.items() if each.requires_grad}
        _check(tensors, flowing)
        self._upstream = {
            name: random_upstream(each, seed + place) for place, (name, each) in enumerate(flowing.items())
        }
        infinite = {name for name, each in flowing.items() if not bool(torch.isfinite(each.detach()).all())}
        with recorder.running(), torch.enable_grad():
            seen = {name: each.clone() for name, each in flowing.items()}
            finite = {name: _finite(each) if name in infinite else each for name, each in seen.items()}
            loss = torch.stack([(each * self._upstream[name]).sum() for name, each in finite.items()]).sum()
        self._loss = recorder.number(loss)
        names = backward.upstream_names(list(flowing), list(tensors))
        self._outputs = tuple(
            Output(name, recorder.number(seen[name]), names[name], recorder.number(self._upstream[name]))
            for name in flowing
        )

    def backward(self) -> Run:
        """Runs the backward pass.

        Raises Misreturned, and whatever a person's own code raises.
        """
        __tracebackhide__ = True
        recorder, call = self._recorder, self._call
        with recorder.running(), torch.no_grad():
            given = self._pass.by_input(call, self._pass.called(call, self._result, self._upstream))
        line = last_line(self._code)
        returned = [_returned(recorder, line, each, given[each.name]) for each in call.inputs if each.name in given]
        changed = [each.name for each in call.inputs if recorder.number(each.tensor) != self._inputs[each.name]]
        changed += [
            each.upstream_name for each in self._outputs if recorder.number(self._upstream[each.name]) != each.upstream
        ]
        recorder.hold({*self._inputs.values(), *(each.upstream for each in self._outputs)})
        return Run(
            recorder.record, self._inputs, self._outputs, self._loss, tuple(returned), self._ends, tuple(changed)
        )


def _check(tensors: Mapping[str, torch.Tensor], flowing: Mapping[str, torch.Tensor]) -> None:
    if not tensors:
        raise NotJudged("the function returns no tensor")
    if not flowing:
        raise NotJudged("autograd finds no way from what the function returns to its inputs: there is no gradient")
    for name, each in flowing.items():
        if each.is_complex():
            raise NotJudged(f"{name} is complex: gradients of complex numbers are not judged")
        if each.device.type != "cpu":
            raise NotJudged(f"{name} is on {each.device}: gradients are judged on the CPU")
        missing = int(each.detach().isnan().sum())
        if missing:
            raise NotJudged(f"{name} is nan in {missing} of {each.numel()} entries: there is nothing to compare with")


def _finite(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor, without entries that are infinite: nothing flows back from those."""
    return torch.nan_to_num(tensor, nan=0.0, posinf=0.0, neginf=0.0)


def random_upstream(output: torch.Tensor, seed: int) -> torch.Tensor:
    """A gradient of ``output``, in its shape and dtype; of a single number one that is far from 0."""
    drawn = torch.randn(output.shape, generator=generator(31 * seed + 7), dtype=torch.float64)
    if drawn.numel() == 1:
        drawn = drawn.sign() * (0.4 + drawn.abs())
    return drawn.to(output.dtype)


def _returned(recorder: LineRecorder, line: Line | None, place: Input, gradient: Any) -> Returned:
    """What was returned for one input, as something to judge."""
    if isinstance(gradient, Misreturned):
        return Returned(place, line=line, error=str(gradient))
    if gradient is None:
        zeros = torch.zeros_like(place.tensor.detach())
        return Returned(place, recorder.leaf(zeros, Root.LITERAL), zeros, line, absent=True)
    if not isinstance(gradient, torch.Tensor):
        return Returned(place, line=line, error=f"what is returned for it is no tensor but {_kind(gradient)}")
    if not place.is_differentiable:
        dtype = str(place.tensor.dtype).removeprefix("torch.")
        return Returned(place, line=line, error=f"it is {dtype} and has no gradient: return None for it")
    number = recorder.number(gradient)
    return Returned(place, number, gradient.detach().clone(), recorder.line_of(number) or line)


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{value!r}, a {name}" if isinstance(value, NOT_TENSORS) else f"a {name}"
