"""Runs a lesson's set-up and forward pass once, recorded, and finds its nodes in the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.graph import Graph
from ninja_tui.engine.judge.network import Network, Output
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.devices import on_cpu
from ninja_tui.engine.recording.execution import Namespace, run_fragment
from ninja_tui.engine.recording.names import tensors_in
from ninja_tui.engine.recording.record import Number
from ninja_tui.engine.recording.recorder import Recorder
from ninja_tui.engine.recording.replay import Paths
from ninja_tui.engine.workers.setup import draw_minibatch, set_up


@dataclass(frozen=True)
class ForwardPass:
    """A lesson that has run: its ``namespace``, its ``graph``, and the value of each tensor by its path.

    ``bound`` are the names that its statements bind, ``drawn`` those of its minibatch.
    """

    namespace: Namespace
    graph: Graph
    numbers: dict[str, Number]
    bound: tuple[str, ...]
    drawn: frozenset[str]
    carried: tuple[int, ...]


def forward_pass(code: LessonCode, seed: int = 0) -> ForwardPass:
    """Runs ``code``, with ``seed`` for the global generators.

    Raises Refused where a statement raises, the loss is no scalar, or depends on no parameter."""
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
    network = _network(code, namespace, recorder, parameters, _of(numbers, {*drawn, *bound, *code.parameters}))
    graph = _graph(code, network, numbers, namespace)
    return ForwardPass(namespace, graph, numbers, tuple(bound), drawn, tuple(carried))


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


def _of(numbers: dict[str, Number], names: set[str]) -> list[Number]:
    """The values of those ``names``, and of what is in them."""
    return [number for path, number in numbers.items() if root_of(path) in names]


def root_of(path: str) -> str:
    """The name with which a path begins."""
    return path.partition("[")[0].partition(".")[0]


def _network(
    code: LessonCode, namespace: Namespace, recorder: Recorder, parameters: list[Number], beside: list[Number]
) -> Network:
    loss = namespace.get(code.loss)
    if not isinstance(loss, torch.Tensor):
        kind = f"`{code.loss}` is of {type(loss).__module__}.{type(loss).__name__}, not a tensor"
        raise Refused(f"{code.where}: {kind}; gradients are compared with autograd's: write the network in PyTorch")
    if loss.numel() != 1:
        raise Refused(f"{code.where}: `{code.loss}` is not a single number")
    network = Network(recorder.record, [Output(recorder.number(loss))], Paths.TRACKED, beside)
    if not (loss.requires_grad and set(parameters) & network.members):
        raise Refused(f"{code.where}: `{code.loss}` depends on no parameter")
    return network


def _graph(code: LessonCode, network: Network, numbers: dict[str, Number], namespace: Namespace) -> Graph:
    """The lesson's nodes, and what its statements bind beside them."""
    home = network.home()
    groups: list[tuple[str, ...]] = []
    named: dict[str, Number] = {}
    for name in (*code.parameters, *code.nodes):
        if name in numbers:
            named.setdefault(name, numbers[name])
    within: dict[str, list[tuple[int, str]]] = {}
    for place, path in enumerate(numbers):
        within.setdefault(root_of(path), []).append((place, path))
    for flow in code.graph:
        paths = [path for _, path in sorted(each for name in {*flow.binds} for each in within.get(name, ()))]
        group = tuple(path for path in paths if numbers[path] in network.members)
        groups.append(group)
        named |= {path: numbers[path] for path in group}
    kept = {
        name: number for name, number in named.items()
        if number in network.members and home.values[number].is_floating_point()
    }  # fmt: skip
    n = namespace.get("n")
    return Graph(network, kept, groups, n if isinstance(n, int) else None)
