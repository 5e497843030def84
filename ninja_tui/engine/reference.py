"""The reference worker: computes a lesson's tapes, compares gradients with them, and shows tensors.

It runs the lesson's code, never an answer's.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch

from ninja_tui.engine import inspect as views
from ninja_tui.engine.compare import broadcasts, columns, largest_entry, relative_difference
from ninja_tui.engine.execution import Namespace, draw_minibatch, set_up
from ninja_tui.engine.lesson_code import LessonCode
from ninja_tui.engine.tape import Tape, record
from ninja_tui.engine.tensors import pack, unpack
from ninja_tui.engine.wire import Message, TensorData
from ninja_tui.engine.worker import Reply

PRECISIONS = ("float32", "float64")


class Reference:
    """One lesson's tapes in both precisions, and the gradients that were last compared with them."""

    def __init__(self) -> None:
        self._tapes: dict[str, Tape] = {}
        self._yours: dict[str, torch.Tensor] = {}

    def requests(self) -> dict[str, Callable[[Message], Reply]]:
        """What this worker does, by name."""
        return {
            "open": self.open,
            "judge": self.judge,
            "compare": self.compare,
            "gradients": self.gradients,
            "inspect": self.inspect,
        }

    def open(self, message: Message) -> Reply:
        """Runs the lesson; answers with its loss, nodes and names, and the values that a runner needs."""
        code = LessonCode.from_body(message.body["lesson"])
        namespace = set_up(code)
        before = dict(namespace)
        draw_minibatch(code, namespace)
        self._tapes = {dtype: record(code, namespace, dtype) for dtype in PRECISIONS}
        drawn = {name for name, value in namespace.items() if value is not before.get(name)}
        tape = self._tapes["float32"]
        shared = drawn | set(tape.bound) | set(code.parameters)
        tensors: dict[str, TensorData] = {}
        for dtype, own in self._tapes.items():
            for name in shared & own.values.keys():
                tensors[f"{dtype}:{name}"] = pack(own.values[name])
        seed = namespace.get("seed")
        return {
            "loss": tape.loss,
            "seed": seed if isinstance(seed, int) else None,
            "torch": torch.__version__,
            "nodes": {name: list(gradient.shape) for name, gradient in tape.gradients.items()},
            "names": _names(namespace, tape),
        }, tensors

    def judge(self, message: Message) -> Reply:
        """Compares an answer (``float32``, and ``float64`` where that run went well) with the tapes."""
        node = str(message.body["node"])
        single = unpack(message.tensors["float32"])
        gradient = self._tapes["float32"].gradients[node]
        judged = self._tapes["float64"].gradients[node]
        self._yours[node] = single
        seen = columns(single, gradient)
        scale = max(largest_entry(judged), largest_entry(gradient))
        best = unpack(message.tensors["float64"]) if "float64" in message.tensors else single
        relative = relative_difference(best, judged, scale)
        return {
            "shape": list(single.shape),
            "expected_shape": list(gradient.shape),
            "broadcasts": broadcasts(tuple(single.shape), tuple(gradient.shape)),
            "exact": seen.exact,
            "approximate": seen.approximate,
            "maxdiff": seen.maxdiff,
            "relative": relative,
        }, {}

    def compare(self, message: Message) -> Reply:
        """What the notebook's ``cmp`` prints for the tensor ``float32`` and the node's gradient."""
        node = str(message.body["node"])
        seen = columns(unpack(message.tensors["float32"]), self._tapes["float32"].gradients[node])
        return {"exact": seen.exact, "approximate": seen.approximate, "maxdiff": seen.maxdiff}, {}

    def gradients(self, message: Message) -> Reply:
        """The reference gradients of ``nodes`` in ``dtype``."""
        tape = self._tapes[str(message.body["dtype"])]
        return {}, {name: pack(tape.gradients[name]) for name in message.body["nodes"]}

    def inspect(self, message: Message) -> Reply:
        """Summary, heatmap and window of a value, of your gradient, its difference, or autograd's gradient."""
        body = message.body
        tensor = self._shown(str(body["name"]), str(body["what"]))
        if tensor is None:
            return {"nothing": True}, {}
        try:
            part = views.apply_slice(tensor, body["slices"])
        except (IndexError, ValueError, TypeError) as error:
            return {"unsliceable": str(error)}, {}
        frame = views.Frame(**body["frame"])
        reply: dict[str, Any] = {
            "summary": views.summary(part),
            "heatmap": views.heatmap(part, frame.heat_rows, frame.heat_columns),
            "window": views.window(part, frame),
        }
        if body["what"] == "difference":
            reply["worst"] = views.worst(tensor)
        return reply, {}

    def _shown(self, name: str, what: str) -> torch.Tensor | None:
        tape = self._tapes["float32"]
        if what == "value":
            return tape.values.get(name)
        if what == "autograd":
            return tape.gradients.get(name)
        yours, gradient = self._yours.get(name), tape.gradients.get(name)
        if what == "yours" or yours is None or gradient is None:
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
