"""A lesson's forward pass as the reference has it: its network, and its nodes, from the record of one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.graph import Graph
from ninja_tui.engine.judge.network import Network, Output
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.forward_data import ForwardRun, LessonNames
from ninja_tui.engine.recording.operators import Absent, outside
from ninja_tui.engine.recording.record import Number
from ninja_tui.engine.recording.replay import RAISED, Paths, Replay
from ninja_tui.engine.workers.forward_run import run_forward

LARGEST_VARIED = 1 << 16
"""Elements of the largest tensor of a set-up that is another one in each world."""
NOT_KNOWN = "what flows back through it is not known"


@dataclass(frozen=True)
class ForwardPass:
    """A lesson that has run: what its ``names`` stand for, and its ``graph``.

    ``sent`` are the paths of what answers run on: the tensors of the minibatch and of the forward pass, parameters,
    and those ``of_setup`` that a world may have another value for.
    """

    names: LessonNames
    graph: Graph
    sent: tuple[str, ...]
    of_setup: frozenset[str]

    @property
    def numbers(self) -> dict[str, Number]:
        """The value of each tensor by its path."""
        return self.names.numbers

    def tensor(self, path: str) -> torch.Tensor | None:
        """The program's own tensor of that path; None where there is none."""
        number = self.numbers.get(path)
        if number is None:
            return None
        single = self.graph.network.single()
        if number in single.values:
            return single.value(number)
        if path != root_of(path):
            return None
        try:
            with torch.no_grad():
                return Replay(self.graph.network.record, [number], dtype=torch.float32).run({})[number]
        except (*RAISED, Absent):
            return None


def forward_pass(code: LessonCode) -> ForwardPass:
    """Runs ``code`` here; raises Refused where that cannot be done, or as ``opened`` does."""
    return opened(code, run_forward(code).run)


def opened(code: LessonCode, run: ForwardRun) -> ForwardPass:
    """The forward pass of ``code`` that has run.

    Raises Refused where its loss depends on no parameter, or cannot be computed again.
    """
    try:
        return _opened(code, run)
    except Absent as error:
        raise Refused(f"{code.where}: {error}") from None


def _opened(code: LessonCode, run: ForwardRun) -> ForwardPass:
    names = run.names
    roots = {*names.drawn, *names.bound, *code.parameters}
    sent = [path for path in names.numbers if root_of(path) in roots]
    network = _network(run, sent)
    if not (names.follows and set(names.parameters) & network.members):
        raise Refused(f"{code.where}: `{code.loss}` depends on no parameter")
    if any(step.function is outside for step in network.operations):
        raise Refused(f"{code.where}: an autograd.Function's forward takes numbers out of PyTorch: {NOT_KNOWN}")
    small, large = _of_setup(run, network, set(sent))
    if small or large:
        sent += small
        network = _network(run, sent, [names.numbers[path] for path in large])
    return ForwardPass(names, _graph(code, network, names), tuple(sent), frozenset(small))


def _network(run: ForwardRun, sent: list[str], held: Sequence[Number] = ()) -> Network:
    beside = [run.names.numbers[path] for path in sent]
    return Network(run.record, [Output(run.names.loss)], Paths.TRACKED, beside, held)


def _of_setup(run: ForwardRun, network: Network, sent: set[str]) -> tuple[list[str], list[str]]:
    """What the set-up binds and the network is computed from, or what is: to be sent, and too large to be varied."""
    numbers, record = run.names.numbers, run.record
    sources, varied = set(network.sources), network.varied
    small: list[str] = []
    large: list[str] = []
    for path in numbers:
        ancestors = set() if path in sent else record.ancestors(numbers[path])
        if not ancestors & sources:
            continue
        try:
            value = Replay(record, [numbers[path]], dtype=torch.float32).run({})[numbers[path]]
        except (*RAISED, Absent):
            large.append(path)
        else:
            (large if value.numel() > LARGEST_VARIED and ancestors & varied else small).append(path)
    return small, large


def root_of(path: str) -> str:
    """The name with which a path begins."""
    return path.partition("[")[0].partition(".")[0]


def _graph(code: LessonCode, network: Network, names: LessonNames) -> Graph:
    """The lesson's nodes, and what its statements bind beside them."""
    home, numbers = network.home(), names.numbers
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
    return Graph(network, kept, groups, names.count)
