"""The reference worker: computes a lesson's gradients in all worlds, judges answers by them, and shows tensors.

It runs the lesson's code, never an answer's.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from types import ModuleType

import torch

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.compare import broadcasts, columns
from ninja_tui.engine.protocol.judging import (
    Columns,
    CompareGradient,
    Evidence,
    FetchUpstream,
    FindUnseeded,
    ForeseeTrials,
    InspectTensor,
    JudgeAnswer,
    LessonRun,
    Plan,
    PlannedTrial,
    PlanTrials,
    PokeElement,
    Reading,
    RunLesson,
    Unseeded,
    UpstreamGradient,
)
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Done, Refused
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.protocol.views import Poke, TensorView, View
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.workers.forward import ForwardPass, forward_pass, root_of
from ninja_tui.engine.workers.main import Handlers
from ninja_tui.engine.workers.poking import poked
from ninja_tui.engine.workers.unseeded import unseeded
from ninja_tui.engine.workers.views import Viewer


class Reference:
    """One lesson's forward pass and gradients, and the gradients that were last compared with them."""

    def __init__(self) -> None:
        self._code: LessonCode | None = None
        self._forward: ForwardPass | None = None
        self._assessor: Assessor | None = None
        self._yours: dict[str, torch.Tensor] = {}
        self._viewer = Viewer(self._tensor)

    def handlers(self) -> Handlers:
        """What this worker does."""
        return {
            RunLesson: self.run,
            PlanTrials: self.plan,
            ForeseeTrials: self.foresee,
            JudgeAnswer: self.judge,
            CompareGradient: self.compare,
            FetchUpstream: self.upstream,
            InspectTensor: self.inspect,
            PokeElement: self.poke,
            FindUnseeded: self.unseeded,
        }

    def run(self, request: RunLesson) -> LessonRun:
        """Runs the lesson and its backward pass, in all worlds."""
        self._code = code = request.lesson
        self._forward = forward = forward_pass(code)
        self._assessor = Assessor(forward.graph, self._gradient_name)
        self._viewer.invalidate()
        network = forward.graph.network
        seed = forward.namespace.get("seed")
        shapes = {
            name: tuple(network.home().value(forward.graph.numbers[name]).shape)
            for name in code.nodes
            if name in forward.graph.numbers and self._flows(name)
        }
        gc.freeze()  # all of it stays: no collection need visit it
        return LessonRun(
            loss=float(network.single().value(network.losses[0]).item()),
            seed=seed if isinstance(seed, int) else None,
            torch=str(torch.__version__),
            shapes=shapes,
            names=_names(forward),
            values=self._values(),
            carried=forward.carried,
            singles={name: self._value_and_gradient(name) for name, shape in shapes.items() if shape == ()},
            attributes=_attributes(forward),
        )

    def _value_and_gradient(self, name: str) -> tuple[float, float]:
        """Those of a node that is a single number."""
        forward = self._ran()
        value = forward.graph.network.single().value(forward.graph.numbers[name])
        return float(value.item()), float(self._single(name).item())

    def _flows(self, name: str) -> bool:
        """Whether a gradient flows from the loss into a node."""
        graph = self._ran().graph
        number, network = graph.numbers[name], graph.network
        return number in network.computed and number in network.members and number not in network.losses

    def _gradient_name(self, node: str) -> str:
        code = self._code
        return code.gradients.get(node, f"d{node}") if code is not None else f"d{node}"

    def _values(self) -> tuple[dict[str, TensorData], ...]:
        """What answers run on: the program's own tensors, and those of each world."""
        forward = self._ran()
        network, code = forward.graph.network, self._opened()
        roots = {*forward.drawn, *forward.bound, *code.parameters}
        paths = [path for path in forward.numbers if root_of(path) in roots]
        own = {path: tensor for path in paths if (tensor := _tensor_at(forward, path)) is not None}
        worlds = []
        for world in network.worlds():
            values = {
                path: pack(world.value(number)) for path in own if (number := forward.numbers[path]) in network.computed
            }
            worlds.append(values)
        return ({path: pack(tensor) for path, tensor in own.items()}, *worlds)

    def unseeded(self, _: FindUnseeded) -> Unseeded:
        """The names that hold other numbers where the lesson runs with another seed."""
        return unseeded(self._opened(), self._ran())

    def plan(self, request: PlanTrials) -> Plan:
        """How an answer is to be tried: with upstream gradients that it reads, and never its own."""
        names = self._ran().graph.names
        wanted = set(request.reading.nodes) - {request.node}
        return Plan(
            tuple(
                PlannedTrial(
                    trial.world,
                    {
                        names[number]: pack(each)
                        for number, each in trial.upstream.items()
                        if names.get(number) in wanted
                    },
                )
                for trial in self._judge().trials(request.node, request.reading)
            )
        )

    def foresee(self, request: ForeseeTrials) -> Done:
        """Computes the trials of an answer that reads the gradients of what comes next, as most do, or none."""
        graph = self._ran().graph
        below = tuple(graph.names[number] for number in graph.below(request.node))
        for nodes in ((), *((each,) for each in below), below):
            self._judge().trials(request.node, Reading(nodes))
        return Done()

    def judge(self, request: JudgeAnswer) -> Verdict:
        """The verdict on an answer, by the gradients that it gave."""
        given = request.evidence
        evidence: Evidence[torch.Tensor] = Evidence(
            node=given.node,
            reading=given.reading,
            gradient=_unpacked(given.gradient),
            results=tuple(map(_unpacked, given.results)),
            errors=given.errors,
            chained=_unpacked(given.chained),
            isolated=_unpacked(given.isolated),
            error=given.error,
            restored=_unpacked(given.restored),
            clobbered=given.clobbered,
        )
        if evidence.gradient is not None:
            self._yours[evidence.node] = evidence.gradient
            self._viewer.invalidate()
        return self._judge().verdict(evidence)

    def compare(self, request: CompareGradient) -> Columns:
        """What the notebook's ``cmp`` prints."""
        return columns(unpack(request.gradient), self._single(request.node))

    def upstream(self, request: FetchUpstream) -> UpstreamGradient:
        """The gradient of a node."""
        forward = self._ran()
        double = forward.graph.network.home().gradient(forward.graph.numbers[request.node])
        return UpstreamGradient(pack(self._single(request.node)), pack(double))

    def inspect(self, request: InspectTensor) -> TensorView:
        """Summary, heatmap and window of a value, of your gradient, its difference, or autograd's gradient."""
        return self._viewer.view(request.request)

    def poke(self, request: PokeElement) -> Poke:
        """What a nudge of one element does to the loss, and what a gradient says of it."""
        forward, asked = self._ran(), request.request
        number = forward.numbers.get(asked.tensor)
        if number is None:
            return Poke(refusal=f"{asked.tensor} is not in the forward pass")
        gradient = self._tensor(asked.tensor, asked.gradient)
        return poked(forward.graph.network, number, asked.index, gradient)

    def _tensor(self, name: str, view: View) -> torch.Tensor | None:
        """The tensor that is shown of ``name``; None where there is none."""
        forward = self._ran()
        if view is View.VALUE:
            return _tensor_at(forward, name)
        gradient = self._single(name) if name in forward.graph.numbers else None
        if view is View.AUTOGRAD:
            return gradient
        yours = self._yours.get(name)
        if view is View.YOURS or yours is None or gradient is None:
            return yours
        if not broadcasts(tuple(yours.shape), tuple(gradient.shape)) or yours.is_complex():
            return None
        return yours - gradient if yours.dtype != torch.bool else yours.float() - gradient

    def _single(self, node: str) -> torch.Tensor:
        return self._judge().reference(self._ran().graph.numbers[node])

    def _opened(self) -> LessonCode:
        if self._code is None:
            raise Refused("the lesson is not open")
        return self._code

    def _ran(self) -> ForwardPass:
        if self._forward is None:
            raise Refused("the lesson is not open")
        return self._forward

    def _judge(self) -> Assessor:
        if self._assessor is None:
            raise Refused("the lesson is not open")
        return self._assessor


def _unpacked(data: TensorData | None) -> torch.Tensor | None:
    return None if data is None else unpack(data)


def _tensor_at(forward: ForwardPass, path: str) -> torch.Tensor | None:
    """The program's own tensor of that path."""
    number = forward.numbers.get(path)
    if number is None:
        return None
    single = forward.graph.network.single()
    if number in single.values:
        return single.value(number)
    value = forward.namespace.get(path)
    return value.detach() if isinstance(value, torch.Tensor) else None


def _names(forward: ForwardPass) -> dict[str, tuple[int, ...] | str]:
    """What code may name: tensors with their shapes, everything else with its kind."""
    named: dict[str, tuple[int, ...] | str] = {}
    for name, value in forward.namespace.items():
        if name.startswith("_"):
            continue
        if isinstance(value, torch.Tensor):
            named[name] = tuple(value.shape)
        else:
            named[name] = "module" if isinstance(value, ModuleType) else type(value).__name__
    return named


def _attributes(forward: ForwardPass) -> dict[str, tuple[str, ...]]:
    """What may follow a dot after the name of a module, and after that of a tensor."""
    modules = {
        name: value for name, value in forward.namespace.items()
        if isinstance(value, ModuleType) and not name.startswith("_")
    }  # fmt: skip
    found = {name: tuple(_public(vars(module))) for name, module in modules.items()}
    return found | {"Tensor": tuple(_public(dict.fromkeys(dir(torch.Tensor))))}


def _public(members: Mapping[str, object]) -> list[str]:
    """The names of ``members`` that somebody may type; modules in a module are mostly what it imports itself."""
    return [name for name, value in members.items() if not (name.startswith("_") or isinstance(value, ModuleType))]
