"""Runs a lesson's set-up and forward pass once, recorded; for a lesson of a stranger's in a worker of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType

import torch

from ninja_tui.engine.protocol.judging import FindUnseeded, RunForward, Unseeded
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Done, Refused
from ninja_tui.engine.protocol.programs import TryFunctions
from ninja_tui.engine.protocol.records import TakeRecord
from ninja_tui.engine.recording.devices import on_cpu
from ninja_tui.engine.recording.execution import Namespace, run_fragment
from ninja_tui.engine.recording.forward_data import ForwardRun, LessonNames, encoded_forward
from ninja_tui.engine.recording.names import tensors_in
from ninja_tui.engine.recording.record import Number
from ninja_tui.engine.recording.recorder import Recorder
from ninja_tui.engine.recording.surroundings import forget_served
from ninja_tui.engine.workers.main import Handlers
from ninja_tui.engine.workers.parts import Outgoing
from ninja_tui.engine.workers.setup import draw_minibatch, set_up
from ninja_tui.engine.workers.unseeded import ANOTHER_SEED, unseeded

LONGEST_NAME = 200
"""Characters of a class's name."""


@dataclass(frozen=True)
class Ran:
    """A lesson that has run: what it has left, and its ``namespace`` and ``recorder``, which stay where they are."""

    run: ForwardRun
    namespace: Namespace
    recorder: Recorder


class Forward:
    """One lesson's forward pass, which is given away as a record."""

    def __init__(self) -> None:
        self._ran: Ran | None = None
        self._outgoing = Outgoing(self._encode)

    def handlers(self) -> Handlers:
        """What this worker does."""
        return {
            RunForward: self.run,
            TryFunctions: self.try_functions,
            TakeRecord: self._outgoing.take,
            FindUnseeded: self.unseeded,
        }

    def run(self, request: RunForward) -> Done:
        """Runs the lesson."""
        self._ran = run_forward(request.lesson)
        return Done()

    def try_functions(self, _: TryFunctions) -> Done:
        """Calls the backward of each ``autograd.Function`` that the lesson has called."""
        if self._ran is None:
            raise Refused("the lesson has not run")
        with self._ran.recorder.running():
            self._ran.recorder.functions.try_all()
        return Done()

    def unseeded(self, request: FindUnseeded) -> Unseeded:
        """The names that hold other numbers where the lesson runs with another seed."""
        one = run_forward(request.lesson)
        forget_served()  # their generators have drawn already
        other = run_forward(request.lesson, ANOTHER_SEED)
        return unseeded(one.run.names, one.namespace, other.namespace)

    def _encode(self) -> bytes:
        if self._ran is None:
            raise Refused("the lesson has not run")
        return encoded_forward(self._ran.run)


def run_forward(code: LessonCode, seed: int = 0) -> Ran:
    """Runs ``code``, with ``seed`` for the global generators.

    Raises Refused where a statement raises, or the loss is no scalar."""
    recorder = Recorder()
    with recorder.running():
        namespace = set_up(code, seed)
        before = dict(namespace)
        draw_minibatch(code, namespace)
    drawn = frozenset(name for name, value in namespace.items() if value is not before.get(name))
    numbers: dict[str, Number] = {}
    parameters = _parameters(code, namespace, recorder)
    _note(namespace, namespace.keys(), recorder, numbers)
    bound: list[str] = []
    carried: list[int] = []
    with on_cpu(code), torch.enable_grad():
        for index, (statement, flow) in enumerate(zip(code.statements, code.graph, strict=True)):
            with recorder.running():
                run_fragment(statement, code, namespace)
            _note(namespace, flow.binds, recorder, numbers)
            bound += flow.binds
            if any(not isinstance(namespace.get(name), torch.Tensor) for name in flow.binds):
                carried.append(index)
    loss = _loss(code, namespace)
    names = LessonNames(
        loss=recorder.number(loss),
        follows=loss.requires_grad,
        parameters=tuple(parameters),
        numbers=numbers,
        bound=tuple(bound),
        drawn=drawn,
        carried=tuple(carried),
        kinds=_kinds(namespace),
        attributes=_attributes(namespace),
        seed=_whole(namespace.get("seed")),
        count=_whole(namespace.get("n")),
    )
    return Ran(ForwardRun(recorder.record, names), namespace, recorder)


def _parameters(code: LessonCode, namespace: Namespace, recorder: Recorder) -> list[Number]:
    """The values of the lesson's parameters; autograd follows them from here on."""
    numbers: list[Number] = []
    for name in code.parameters:
        value = namespace.get(name)
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            if not value.is_leaf:
                namespace[name] = value = value.detach()
            value.requires_grad_()
            numbers.append(recorder.number(value))
    recorder.record.parameters.update(dict.fromkeys(numbers, True))
    return numbers


def _note(namespace: Namespace, names: Iterable[str], recorder: Recorder, numbers: dict[str, Number]) -> None:
    """Notes the values of tensors by their paths."""
    for name in tuple(names):
        if not name.startswith("__"):
            for path, tensor in tensors_in(name, namespace.get(name)):
                numbers[path] = recorder.number(tensor)


def _loss(code: LessonCode, namespace: Namespace) -> torch.Tensor:
    loss = namespace.get(code.loss)
    if not isinstance(loss, torch.Tensor):
        kind = f"`{code.loss}` is of {type(loss).__module__}.{type(loss).__name__}, not a tensor"
        raise Refused(f"{code.where}: {kind}; gradients are compared with autograd's: write the network in PyTorch")
    if loss.numel() != 1:
        raise Refused(f"{code.where}: `{code.loss}` is not a single number")
    return loss


def _whole(value: object) -> int | None:
    return value if type(value) is int and abs(value) < 1 << 63 else None


def _kinds(namespace: Namespace) -> dict[str, tuple[int, ...] | str]:
    """What code may name: tensors with their shapes, everything else with its kind."""
    named: dict[str, tuple[int, ...] | str] = {}
    for name, value in namespace.items():
        if name.startswith("_"):
            continue
        if isinstance(value, torch.Tensor):
            named[name] = tuple(value.shape)
        else:
            named[name] = "module" if isinstance(value, ModuleType) else type(value).__name__[:LONGEST_NAME]
    return named


def _attributes(namespace: Namespace) -> dict[str, tuple[str, ...]]:
    """What may follow a dot after the name of a module, and after that of a tensor."""
    modules = {
        name: value for name, value in namespace.items()
        if isinstance(value, ModuleType) and not name.startswith("_")
    }  # fmt: skip
    found = {name: tuple(_public(vars(module))) for name, module in modules.items()}
    return found | {"Tensor": tuple(_public(dict.fromkeys(dir(torch.Tensor))))}


def _public(members: Mapping[str, object]) -> list[str]:
    """The names of ``members`` that somebody may type; modules in a module are mostly what it imports itself."""
    return [name for name, value in members.items() if not (name.startswith("_") or isinstance(value, ModuleType))]
