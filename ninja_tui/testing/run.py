"""Runs a function and its backward pass once, on given inputs, and records both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def run(call: Call, backward: BackwardPass, seed: int) -> Run:
    """Runs ``call`` and its backward pass, with random upstream gradients.

    Raises NotJudged, Misreturned, and whatever a person's own code raises.
    """
    __tracebackhide__ = True
    code = code_of(backward.written)
    recorder = LineRecorder(code)
    record = recorder.record
    inputs = {each.name: recorder.number(each.tensor) for each in call.inputs}
    with recorder.running(), torch.enable_grad():
        result = backward.forward(call)
    forward_ends = len(record.steps)
    tensors = dict(tensors_in(OUTPUT, result))
    flowing = {name: each for name, each in tensors.items() if each.requires_grad}
    _check(tensors, flowing)
    upstream = {name: _random(each, seed + place) for place, (name, each) in enumerate(flowing.items())}
    infinite = {name for name, each in flowing.items() if not bool(torch.isfinite(each.detach()).all())}
    with recorder.running(), torch.enable_grad():
        seen = {name: each.clone() for name, each in flowing.items()}
        loss = torch.stack(
            [((_finite(each) if name in infinite else each) * upstream[name]).sum() for name, each in seen.items()]
        ).sum()
    loss_number = recorder.number(loss)
    names = backward.upstream_names(list(flowing), list(tensors))
    outputs = tuple(
        Output(name, recorder.number(seen[name]), names[name], recorder.number(upstream[name])) for name in flowing
    )
    with recorder.running(), torch.no_grad():
        given = backward.by_input(call, backward.called(call, result, upstream))
    returned = tuple(
        _returned(recorder, last_line(code), each, given[each.name]) for each in call.inputs if each.name in given
    )
    changed = [*_changed(recorder, call, inputs)]
    changed += [each.upstream_name for each in outputs if recorder.number(upstream[each.name]) != each.upstream]
    recorder.hold({*inputs.values(), *(each.upstream for each in outputs)})
    return Run(record, inputs, outputs, loss_number, returned, forward_ends, tuple(changed))


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


def _random(output: torch.Tensor, seed: int) -> torch.Tensor:
    drawn = torch.randn(output.shape, generator=generator(31 * seed + 7), dtype=torch.float64)
    if drawn.numel() == 1:  # far enough from 0 that its sign is no chance
        drawn = drawn.sign() * (0.4 + drawn.abs())
    return drawn.to(output.dtype)


def _changed(recorder: LineRecorder, call: Call, before: Mapping[str, Number]) -> Iterator[str]:
    """The inputs that have another value now than ``before``."""
    for each in call.inputs:
        if recorder.number(each.tensor) != before[each.name]:
            yield each.name


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
