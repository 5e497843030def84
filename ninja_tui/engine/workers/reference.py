"""The reference worker: computes a lesson's tapes, judges answers by them, and shows tensors.

It runs the lesson's code, never an answer's.
"""

from __future__ import annotations

import gc
from types import ModuleType

import torch

from ninja_tui.engine.judge.compare import broadcasts, columns
from ninja_tui.engine.judge.judge import judge
from ninja_tui.engine.judge.tape import Tape
from ninja_tui.engine.judge.targets import Targets, targets_of
from ninja_tui.engine.protocol.judging import (
    Columns,
    CompareGradient,
    Evidence,
    FetchUpstream,
    FingerprintLesson,
    Fingerprints,
    InspectTensor,
    JudgeAnswer,
    LessonRun,
    RunLesson,
    UpstreamGradients,
)
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.protocol.views import TensorView, View
from ninja_tui.engine.protocol.worlds import Values, World
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.workers.main import Handlers
from ninja_tui.engine.workers.repeatable import fingerprints
from ninja_tui.engine.workers.setup import draw_minibatch, set_up
from ninja_tui.engine.workers.views import Viewer


class Reference:
    """One lesson's tapes and targets, and the gradients that were last compared with them."""

    def __init__(self) -> None:
        self._targets: Targets | None = None
        self._yours: dict[str, torch.Tensor] = {}
        self._viewer = Viewer(self._tensor)

    def handlers(self) -> Handlers:
        """What this worker does."""
        return {
            RunLesson: self.run,
            JudgeAnswer: self.judge,
            CompareGradient: self.compare,
            FetchUpstream: self.upstream,
            InspectTensor: self.inspect,
            FingerprintLesson: self.fingerprint,
        }

    def run(self, request: RunLesson) -> LessonRun:
        """Runs the lesson and its backward pass, in all precisions and on fresh values."""
        code = request.lesson
        namespace = set_up(code)
        before = dict(namespace)
        draw_minibatch(code, namespace)
        second = dict(namespace)
        draw_minibatch(code, second)
        self._viewer.invalidate()
        self._targets = targets_of(code, namespace, second)
        single = self._targets.tapes[Values.FLOAT32]
        drawn = {name for name, value in namespace.items() if value is not before.get(name)}
        gc.freeze()  # all of it stays: no collection need visit it
        seed = namespace.get("seed")
        return LessonRun(
            loss=single.loss,
            seed=seed if isinstance(seed, int) else None,
            torch=str(torch.__version__),
            shapes={name: tuple(gradient.shape) for name, gradient in single.gradients.items()},
            names=_names(namespace, single),
            values=self._packed(drawn | set(single.bound) | set(code.parameters)),
            carried=_carried(code, single),
        )

    def _packed(self, names: set[str]) -> dict[Values, dict[str, TensorData]]:
        """The tensors called ``names``, of all tapes."""
        return {
            values: {name: pack(tape.values[name]) for name in names & tape.values.keys()}
            for values, tape in self._opened().tapes.items()
        }

    def fingerprint(self, request: FingerprintLesson) -> Fingerprints:
        """Runs the lesson with another seed for the global generators."""
        return fingerprints(request.lesson, request.seed)

    def judge(self, request: JudgeAnswer) -> Verdict:
        """The verdict on an answer, by the gradients that it gave."""
        packed = request.evidence
        evidence: Evidence[torch.Tensor] = Evidence(
            node=packed.node,
            gradients={world: unpack(each) for world, each in packed.gradients.items()},
            errors=packed.errors,
            traits=packed.traits,
            restored=None if packed.restored is None else unpack(packed.restored),
            clobbered=packed.clobbered,
        )
        if World.FLOAT32 in evidence.gradients:
            self._yours[evidence.node] = evidence.gradients[World.FLOAT32]
            self._viewer.invalidate()
        return judge(self._opened(), evidence)

    def compare(self, request: CompareGradient) -> Columns:
        """What the notebook's ``cmp`` prints."""
        return columns(unpack(request.gradient), self._opened().tapes[Values.FLOAT32].gradients[request.node])

    def upstream(self, request: FetchUpstream) -> UpstreamGradients:
        """The upstream gradients of a node."""
        upstream = self._opened().upstream
        return UpstreamGradients({world: pack(gradients[request.node]) for world, gradients in upstream.items()})

    def inspect(self, request: InspectTensor) -> TensorView:
        """Summary, heatmap and window of a value, of your gradient, its difference, or autograd's gradient."""
        return self._viewer.view(request.request)

    def _tensor(self, name: str, view: View) -> torch.Tensor | None:
        """The tensor that is shown of ``name``; None where there is none."""
        tape = self._opened().tapes[Values.FLOAT32]
        if view is View.VALUE:
            return tape.values.get(name)
        if view is View.AUTOGRAD:
            return tape.gradients.get(name)
        yours, gradient = self._yours.get(name), tape.gradients.get(name)
        if view is View.YOURS or yours is None or gradient is None:
            return yours
        if not broadcasts(tuple(yours.shape), tuple(gradient.shape)) or yours.is_complex():
            return None
        return yours - gradient if yours.dtype != torch.bool else yours.float() - gradient

    def _opened(self) -> Targets:
        if self._targets is None:
            raise Refused("the lesson is not open")
        return self._targets


def _carried(code: LessonCode, tape: Tape) -> tuple[int, ...]:
    """The statements that bind what is no tensor."""
    return tuple(index for index, flow in enumerate(code.graph) if tape.objects.keys() & set(flow.binds))


def _names(namespace: Namespace, tape: Tape) -> dict[str, tuple[int, ...] | str]:
    """What code may name: tensors with their shapes, everything else with its kind."""
    named: dict[str, tuple[int, ...] | str] = {}
    for name, value in {**namespace, **tape.values}.items():
        if name.startswith("_"):
            continue
        if isinstance(value, torch.Tensor):
            named[name] = tuple(value.shape)
        else:
            named[name] = "module" if isinstance(value, ModuleType) else type(value).__name__
    return named
