"""A lesson's forward pass as the reference has it: its network, and its nodes, from the record of one run."""

from __future__ import annotations

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

NOT_KNOWN = "what flows back through it is not known"


@dataclass(frozen=True)
class ForwardPass:
    """A lesson that has run: what its ``names`` stand for, and its ``graph``."""

    names: LessonNames
    graph: Graph

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
    beside = _of(names.numbers, {*names.drawn, *names.bound, *code.parameters})
    network = Network(run.record, [Output(names.loss)], Paths.TRACKED, beside)
    if not (names.follows and set(names.parameters) & network.members):
        raise Refused(f"{code.where}: `{code.loss}` depends on no parameter")
    if any(step.function is outside for step in network.operations):
        raise Refused(f"{code.where}: an autograd.Function's forward takes numbers out of PyTorch: {NOT_KNOWN}")
    return ForwardPass(names, _graph(code, network, names))


def _of(numbers: dict[str, Number], names: set[str]) -> list[Number]:
    """The values of those ``names``, and of what is in them."""
    return [number for path, number in numbers.items() if root_of(path) in names]


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
