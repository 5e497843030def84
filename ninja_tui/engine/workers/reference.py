"""The reference worker: computes a lesson's gradients in all worlds, judges answers by them, and shows tensors.

It runs a bundled lesson itself; what anybody else wrote has run in another process, and comes as a record.
"""

from __future__ import annotations

import gc

import torch

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.compare import columns
from ninja_tui.engine.judge.functions import function_rows
from ninja_tui.engine.judge.heatmap import subtracted
from ninja_tui.engine.protocol.judging import (
    Columns,
    CompareGradient,
    Evidence,
    FetchUpstream,
    ForeseeTrials,
    InspectTensor,
    JudgeAnswer,
    JudgedFunctions,
    JudgeFunctions,
    LessonRun,
    Plan,
    PlannedTrial,
    PlanTrials,
    PokeElement,
    Reading,
    RunLesson,
    UpstreamGradient,
)
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Done, Refused
from ninja_tui.engine.protocol.records import GiveRecord
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.protocol.views import Poke, TensorView, View
from ninja_tui.engine.protocol.wire import Broken
from ninja_tui.engine.recording.forward_data import ForwardRun, decoded_forward
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.recording.record import Number
from ninja_tui.engine.recording.replay import doubled
from ninja_tui.engine.workers.forward import ForwardPass, forward_pass, opened
from ninja_tui.engine.workers.main import Handlers
from ninja_tui.engine.workers.parts import Incoming
from ninja_tui.engine.workers.poking import poked
from ninja_tui.engine.workers.views import Viewer


class Reference:
    """One lesson's forward pass and gradients, and the gradients that were last compared with them."""

    def __init__(self) -> None:
        self._code: LessonCode | None = None
        self._forward: ForwardPass | None = None
        self._incoming = Incoming()
        self._assessor: Assessor | None = None
        self._yours: dict[str, torch.Tensor] = {}
        self._viewer = Viewer(self._tensor)

    def handlers(self) -> Handlers:
        """What this worker does."""
        return {
            RunLesson: self.run,
            JudgeFunctions: self.functions,
            PlanTrials: self.plan,
            ForeseeTrials: self.foresee,
            JudgeAnswer: self.judge,
            CompareGradient: self.compare,
            FetchUpstream: self.upstream,
            InspectTensor: self.inspect,
            PokeElement: self.poke,
            GiveRecord: self._incoming.receive,
        }

    def run(self, request: RunLesson) -> LessonRun:
        """Runs the lesson and its backward pass, in all worlds."""
        self._code = code = request.lesson
        self._forward = forward = forward_pass(code) if code.bundled else opened(code, self._arrived())
        self._assessor = Assessor(forward.graph, self._gradient_name, differences=request.differences)
        self._viewer.invalidate()
        network = forward.graph.network
        shapes = {
            name: tuple(network.home().value(forward.graph.numbers[name]).shape)
            for name in code.nodes
            if name in forward.graph.numbers and self._flows(name)
        }
        gc.freeze()  # all of it stays: no collection need visit it
        return LessonRun(
            loss=float(network.single().value(network.losses[0]).item()),
            seed=forward.names.seed,
            torch=str(torch.__version__),
            shapes=shapes,
            names=forward.names.kinds,
            values=self._values(),
            carried=forward.names.carried,
            singles={name: self._value_and_gradient(name) for name, shape in shapes.items() if shape == ()},
            attributes=forward.names.attributes,
        )

    def functions(self, _: JudgeFunctions) -> JudgedFunctions:
        """The verdicts on the lesson's own Functions that are no plain passes."""
        rows = function_rows(self._ran().graph.network.record)
        verdicts = [each.verdict() for each in rows]
        return JudgedFunctions(tuple(each for each in verdicts if not each.passed or each.warnings))

    def _arrived(self) -> ForwardRun:
        """The forward pass that ran in another process."""
        try:
            return decoded_forward(self._incoming.taken())
        except Broken as error:
            raise Refused(f"what its process recorded cannot be read ({error})") from None

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
        forward, network = self._ran(), self._ran().graph.network
        own = {
            path: tensor for path in forward.sent
            if (tensor := forward.tensor(path)) is not None
            and (path not in forward.of_setup or self._differs(tensor, forward.numbers[path]))
        }  # fmt: skip
        computed = {path: forward.numbers[path] for path in own if forward.numbers[path] in network.computed}
        worlds = [{path: world.value(number) for path, number in computed.items()} for world in network.worlds()]
        return tuple({path: pack(tensor) for path, tensor in values.items()} for values in (own, *worlds))

    def _differs(self, own: torch.Tensor, number: Number) -> bool:
        """Whether any world has a value that is not just the program's own."""
        network, double = self._ran().graph.network, doubled(own)
        return number in network.computed and not all(
            torch.equal(world.value(number), double) for world in network.worlds()
        )

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
            rounded_to=given.rounded_to,
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
            return forward.tensor(name)
        gradient = self._single(name) if name in forward.graph.numbers else None
        if view is View.AUTOGRAD:
            return gradient
        yours = self._yours.get(name)
        if view is View.YOURS or yours is None or gradient is None:
            return yours
        return subtracted(yours, gradient)

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
