"""The reference worker: computes a lesson's tapes, compares gradients with them, and shows tensors.

It runs the lesson's code, never an answer's.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import ModuleType

import msgspec
import torch

from ninja_tui.engine.judge.compare import broadcasts, columns
from ninja_tui.engine.judge.judge import Evidence, judge
from ninja_tui.engine.judge.tape import Tape, elsewhere, record
from ninja_tui.engine.judge.targets import Reckoning
from ninja_tui.engine.judge.vjp import Statements
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused, Reply
from ninja_tui.engine.protocol.views import View, ViewRequest
from ninja_tui.engine.protocol.wire import Message, TensorData
from ninja_tui.engine.protocol.worlds import Values, World
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.workers.repeatable import fingerprints
from ninja_tui.engine.workers.setup import draw_minibatch, set_up
from ninja_tui.engine.workers.views import Viewer


class Reference:
    """One lesson's tapes and worlds, and the gradients that were last compared with them."""

    def __init__(self) -> None:
        self._tapes: dict[Values, Tape] = {}
        self._reckoning: Reckoning | None = None
        self._yours: dict[str, torch.Tensor] = {}
        self._viewer = Viewer(self._shown)

    def requests(self) -> dict[str, Callable[[Message], Reply]]:
        """What this worker does, by name."""
        return {
            "open": self.open,
            "judge": self.judge,
            "compare": self.compare,
            "gradients": self.gradients,
            "inspect": self.inspect,
            "fingerprints": self.fingerprints,
        }

    def open(self, message: Message) -> Reply:
        """Runs the lesson; answers with its loss, nodes and names, and the values that a runner needs."""
        code = LessonCode.from_body(message.body["lesson"])
        namespace = set_up(code)
        before = dict(namespace)
        draw_minibatch(code, namespace)
        second = dict(namespace)
        draw_minibatch(code, second)
        self._viewer.invalidate()
        self._tapes = {
            Values.FLOAT32: record(code, namespace, "float32"),
            Values.FLOAT64: record(code, namespace, "float64"),
            Values.FRESH: record(code, elsewhere(code, second), "float64"),
        }
        tape, double = self._tapes[Values.FLOAT32], self._tapes[Values.FLOAT64]
        nodes = frozenset(double.gradients)
        universe = self._tapes[Values.FRESH]
        statements = {
            Values.FLOAT64: Statements(code, namespace | double.objects, double.values, nodes),
            Values.FRESH: Statements(code, second | universe.objects, universe.values, nodes),
        }
        self._reckoning = Reckoning(tape, double, universe, statements, code)
        drawn = {name for name, value in namespace.items() if value is not before.get(name)}
        shared = drawn | set(tape.bound) | set(code.parameters)
        tensors: dict[str, TensorData] = {}
        for base, own in self._tapes.items():
            for name in shared & own.values.keys():
                tensors[f"{base}:{name}"] = pack(own.values[name])
        gc.freeze()  # all of it stays: no collection need visit it
        seed = namespace.get("seed")
        return {
            "loss": tape.loss,
            "seed": seed if isinstance(seed, int) else None,
            "torch": torch.__version__,
            "nodes": {name: list(gradient.shape) for name, gradient in tape.gradients.items()},
            "vacuous": sorted(self._reckoning.vacuous),
            "carried": [index for index, (binds, _) in enumerate(code.graph) if tape.objects.keys() & set(binds)],
            "names": _names(namespace, tape),
        }, tensors

    def fingerprints(self, message: Message) -> Reply:
        """Runs the lesson with another seed for the global generators: see ``repeatable.fingerprints``."""
        return dict(fingerprints(LessonCode.from_body(message.body["lesson"]), int(message.body["seed"]))), {}

    def judge(self, message: Message) -> Reply:
        """Judges an answer by the gradients it gave, by world; see ``judge.judge``."""
        tensors = {key: unpack(packed) for key, packed in message.tensors.items()}
        restored = tensors.pop("restored", None)
        if self._reckoning is None:
            raise Refused("the lesson is not open")
        own = self._reckoning.gradient(str(message.body["node"]))
        evidence = Evidence.from_body(message.body, own, {World(key): each for key, each in tensors.items()}, restored)
        if World.FLOAT32 in evidence.gradients:
            self._yours[evidence.node] = evidence.gradients[World.FLOAT32]
            self._viewer.invalidate()
        return judge(self._reckoning, evidence), {}

    def compare(self, message: Message) -> Reply:
        """What the notebook's ``cmp`` prints for the tensor ``float32`` and the node's gradient."""
        node = str(message.body["node"])
        seen = columns(unpack(message.tensors["float32"]), self._tapes[Values.FLOAT32].gradients[node])
        return {"exact": seen.exact, "approximate": seen.approximate, "maxdiff": seen.maxdiff}, {}

    def gradients(self, message: Message) -> Reply:
        """The upstream gradients of ``node``, by world."""
        if self._reckoning is None:
            raise Refused("the lesson is not open")
        node = str(message.body["node"])
        return {}, {str(world): pack(upstream[node]) for world, upstream in self._reckoning.upstream.items()}

    def inspect(self, message: Message) -> Reply:
        """Summary, heatmap and window of a value, of your gradient, its difference, or autograd's gradient."""
        request = msgspec.convert(message.body["request"], ViewRequest)
        return msgspec.to_builtins(self._viewer.view(request)), {}

    def _shown(self, name: str, view: View) -> torch.Tensor | None:
        tape = self._tapes[Values.FLOAT32]
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


def _names(namespace: Namespace, tape: Tape) -> dict[str, list[int] | str]:
    """What code may name: tensors with their shapes, everything else with its kind."""
    named: dict[str, list[int] | str] = {}
    for name, value in {**namespace, **tape.values}.items():
        if name.startswith("_"):
            continue
        if isinstance(value, torch.Tensor):
            named[name] = list(value.shape)
        else:
            named[name] = "module" if isinstance(value, ModuleType) else type(value).__name__
    return named
