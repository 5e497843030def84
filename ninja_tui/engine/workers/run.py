"""One run of a person's statements on a lesson's tensors: recorded once, and computed again in other worlds."""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import CodeType, FunctionType

import torch

from ninja_tui.engine.protocol.answering import Compared
from ninja_tui.engine.protocol.judging import Operand, Reading
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.execution import Namespace, Output, columns_in, line_in
from ninja_tui.engine.recording.names import tensors_in
from ninja_tui.engine.recording.record import Leaf, Number, Root
from ninja_tui.engine.recording.recorder import Recorder
from ninja_tui.engine.recording.replay import RAISED, Values, double_precision, doubled
from ninja_tui.engine.recording.slices import MATRIX_PRODUCTS, PRODUCTS, Slice
from ninja_tui.engine.workers.namespace import (
    ANSWER,
    BY_ANY_NAME,
    MOST_OUTPUT,
    Code,
    Copies,
    memory_of,
    names_used,
    packed,
    version,
)
from ninja_tui.engine.workers.suggestions import did_you_mean

NOT_REPLAYED = (*RAISED, KeyError)
"""What a replay raises: what an operation does, or KeyError where a trial has no gradient for a node that is read."""
UNCHANGEABLE = (bool, int, float, complex, str, range, torch.dtype, torch.Generator, type(builtins))
"""What code may use without changing a tensor by it, beside tensors themselves."""
COPIED = (torch.Tensor, list, tuple, dict, *UNCHANGEABLE)
"""What code may use without reaching more than that and what is in it."""
TOGETHER = 32
"""So many gradients of a file are computed at once in float64."""
MOST_STEPS = 20_000
"""Of more than these the float64 values are computed when they are asked for, within that answer's time."""
Worlds = Sequence[Mapping[str, torch.Tensor]]


class Run:
    """A run of a file's statements in ``namespace``, whose tensors ``worlds`` has by path in float64.

    Tensors called ``names``, which code may change, are the run's own.
    """

    def __init__(self, namespace: Namespace, worlds: Worlds, names: Collection[str], loss: tuple[str, str]) -> None:
        self.recorder = Recorder()
        self._worlds = worlds
        self.namespace: Namespace = {
            name: value.clone() if name in names and isinstance(value, torch.Tensor) else value
            for name, value in namespace.items()
        }
        self._known: dict[Number, str] = {}
        self._places: dict[Number, str] = {}
        self._stand_ins: dict[Number, torch.Tensor] = {}
        self._chained: dict[Number, torch.Tensor] = {}
        self._completed: dict[Number, Number] = {}
        self._waiting: list[Number] = []
        self._latest: tuple[Number, torch.Tensor] | None = None
        self._steps = 0
        self._enter(self.namespace)
        node, gradient = loss
        self._places[self.recorder.number(self.namespace[gradient])] = node
        self._origins = {name: version(value) for name, value in self.namespace.items()}
        self._sharers: dict[int, set[str]] = {}
        self._replaced: dict[int, tuple[torch.Tensor, torch.Tensor | None]] = {}
        self._compared: list[tuple[str, int, torch.Tensor]] = []
        self._escaping: set[str] = set()
        for name, value in self.namespace.items():
            if isinstance(value, torch.Tensor):
                self._sharers.setdefault(memory_of(value), set()).add(name)

    def _enter(self, namespace: Namespace) -> None:
        """Has the record know the lesson's tensors by their paths."""
        for name, value in namespace.items():
            for path, tensor in tensors_in(name, value):
                number = self.recorder.leaf(tensor, Root.OUTSIDE, tensor)
                if path in self._worlds[0]:
                    self._known[number] = path

    def put(self, node: str, name: str, single: torch.Tensor, double: torch.Tensor) -> None:
        """Binds autograd's gradient of ``node`` to ``name``, in the place of the person's."""
        self._escaping.discard(name)
        before = self.namespace.get(name)
        own = self.recorder.number(before) if isinstance(before, torch.Tensor) else None
        self._replaced[id(single)] = (single, before if isinstance(before, torch.Tensor) else None)
        self.namespace[name] = single
        if own is None:
            number = self.recorder.leaf(single, Root.OUTSIDE, single)
            self._stand_ins[number] = double
        else:  # with the person's own upstream it is what they computed
            number = self.recorder.stand_for(single, own)
            self._remember(own)
        self._places[number] = node

    def keep(self, node: str, name: str) -> None:
        """Takes what is bound to ``name`` for the gradient of ``node``."""
        self._escaping.discard(name)
        value = self.namespace.get(name)
        if not isinstance(value, torch.Tensor):
            return
        number = self.recorder.number(value)
        if self._places.get(number, node) != node:  # two names of one tensor: each stands for a node of its own
            with self.recorder.running(), torch.no_grad():
                self.namespace[name] = value = value.view_as(value)
            number = self.recorder.number(value)
        self._places[number] = node
        self._remember(number)

    def execute(self, code: Code, line: int, bound: Iterable[str], namespace: Namespace | None = None) -> Executed:
        """Runs ``code``, which computes the gradients ``bound``, and whose first line is ``line`` of its file."""
        before = len(self.recorder.record.escapes)
        with self.recorder.running():
            result = execute(code, line, self.namespace if namespace is None else namespace, self.namespace)
        if len(self.recorder.record.escapes) > before:
            self._escaping.update(bound)
        else:
            self._escaping.difference_update(set(bound) if namespace is not None else ())
        return result

    def slice_of(self, value: object) -> Slice[str] | None:
        """What a tensor was computed from, down to the lesson's tensors and to gradients; None for what is none."""
        if not isinstance(value, torch.Tensor):
            return None
        return Slice(self.recorder.record, self.recorder.number(value), self._known, self._places)

    def reading(self, gradient: str, piece: Slice[str] | None) -> Reading:
        """What ``gradient`` was computed from, by name."""
        if piece is None:
            return Reading()
        names = tuple(dict.fromkeys(self._known[number] for number in piece.used))
        values = self._worlds[0]
        reading = piece.reading(piece.nodes_read, names, lambda number: values[self._known[number]], self._leaf)
        return replace(reading, escapes=True) if self.escapes(gradient) else reading

    def escapes(self, gradient: str) -> bool:
        """Whether values have left PyTorch where a gradient was computed."""
        return gradient in self._escaping

    def reading_of(self, gradient: str, names: Iterable[str], namespace: Namespace) -> Reading:
        """What code that was to give ``gradient``, and raised, would have read: the tensors of those ``names``."""
        attempted = self.recorder.record.attempted
        values = [(name, namespace.get(name)) for name in sorted(names)]
        tensors = [(name, value) for name, value in values if isinstance(value, torch.Tensor)]
        numbers = [self.recorder.number(tensor) for _, tensor in tensors]
        return Reading(
            nodes=tuple(dict.fromkeys(self._places[each] for each in numbers if each in self._places)),
            names=tuple(dict.fromkeys(self._known[each] for each in numbers if each in self._known)),
            multiplies=attempted in PRODUCTS,
            multiplies_matrices=attempted in MATRIX_PRODUCTS,
            reads_grad="grad" in names,
            operands=tuple(Operand(name, tuple(tensor.shape)) for name, tensor in tensors if name != gradient),
        )

    def replayed(self, piece: Slice[str], world: int, upstream: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The gradient in a world, with these upstream gradients; raises what an operation raises."""
        values = self._worlds[world]
        return piece.run(lambda number: values[self._known[number]], self._leaf, upstream)[piece.number]

    def chained(self, value: torch.Tensor) -> torch.Tensor | None:
        """The gradient in float64 with the person's own gradients upstream; None where it cannot be computed."""
        try:
            number = self.recorder.number(value)
            computed = self._in_double(number)[number]
        except NOT_REPLAYED:
            return None
        self._latest = number, computed
        return computed

    def rejoin(self, mark: int) -> None:
        """Drops what was recorded since the recorder branched at ``mark``."""
        self.recorder.rejoin(mark)
        known = len(self.recorder.record.made_by)
        self._known = {number: path for number, path in self._known.items() if number < known}
        self._latest = None

    def _in_double(self, number: Number) -> Values:
        """A value in float64, and all on the way to it from gradients before: those are not computed again."""
        values = self._worlds[0]
        piece: Slice[Number] = Slice(self.recorder.record, number, self._known, self._completed)
        computed = piece.run(lambda known: values[self._known[known]], self._leaf, self._chained)
        found = [each for each in self._waiting if each in computed]
        if found:
            self._chained |= {each: computed[each] for each in found}
            self._completed |= {each: each for each in found}
            self._waiting = [each for each in self._waiting if each not in self._completed]
        return computed

    def _remember(self, number: Number) -> None:
        """Computes gradients in float64 for those that will be computed from them, some at a time."""
        if self._latest is not None and self._latest[0] == number:
            self._chained[number] = self._latest[1]
            self._completed[number] = number
            return
        self._waiting.append(number)
        if len(self._waiting) < TOGETHER:
            return
        before, self._steps = self._steps, len(self.recorder.record.steps)
        if self._steps - before <= MOST_STEPS:
            for last in reversed(self._waiting):
                if last not in self._completed:
                    with contextlib.suppress(*NOT_REPLAYED):
                        self._in_double(last)
        self._waiting = []

    def _leaf(self, leaf: Leaf) -> torch.Tensor:
        stand_in = self._stand_ins.get(leaf.number)
        return doubled(leaf.value) if stand_in is None else stand_in

    def again(self, code: Code, name: str, world: int, upstream: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
        """What ``code`` binds to ``name`` where it runs anew on a world's values; None where it cannot."""
        copies, reached = Copies(torch.clone), self._reached(code)
        namespace: Namespace = dict(self.namespace)
        namespace |= {name: copies.of(self.namespace[name]) for name in reached}
        namespace |= {path: tensor.clone() for path, tensor in self._worlds[world].items() if path in namespace}
        nodes = {number: node for number, node in self._places.items() if node in upstream}
        for bound, value in self.namespace.items():
            if isinstance(value, torch.Tensor) and (number := self.recorder.number(value)) in nodes:
                namespace[bound] = upstream[nodes[number]].clone()
        namespace.pop(name, None)
        for bound, value in self.namespace.items():
            if isinstance(value, FunctionType) and value.__globals__ is self.namespace:
                namespace[bound] = _in_namespace(value, namespace)
        with self.recorder.paused(), double_precision():
            error = execute(code, 1, namespace).error
        value = namespace.get(name)
        return value if not error and isinstance(value, torch.Tensor) else None

    def _reached(self, code: Code) -> Collection[str]:
        """The names that ``code`` may reach: all where it calls a function of the file, or asks for names by text."""
        used = names_used(code) if isinstance(code, CodeType) else BY_ANY_NAME
        values = [self.namespace[name] for name in used if name in self.namespace]
        if not used.isdisjoint(BY_ANY_NAME) or any(not isinstance(value, COPIED) for value in values):
            return self.namespace.keys()
        return used & self.namespace.keys()

    def keep_changeable(self, namespace: Namespace, names: Iterable[str]) -> None:
        """Makes plain tensors of those ``names`` that ``torch.inference_mode()`` left: others may not change them."""
        for name in names:
            value = namespace.get(name)
            if isinstance(value, torch.Tensor) and value.is_inference():
                number = self.recorder.number(value)
                with self.recorder.paused():
                    namespace[name] = value.clone()
                self.recorder.adopt(namespace[name], number)

    def names_within_reach(self, used: set[str]) -> Collection[str]:
        """The lesson's names that code may bind or change: those it ``used``, and those that share their memory.

        All of them where what it uses may hold anything, such as a list or a function.
        """
        names = used & self._origins.keys()
        for value in (self.namespace[name] for name in used - {"cmp"} if name in self.namespace):
            if isinstance(value, torch.Tensor):
                names |= self._sharers.get(memory_of(value), set())
            elif not isinstance(value, UNCHANGEABLE):
                return self._origins.keys()
        return names

    def clobbered(self, names: Collection[str]) -> tuple[str, ...]:
        """Those of the lesson's ``names`` that now are bound to something else, or changed; each only once."""
        order = self._origins if len(names) == len(self._origins) else sorted(names)
        changed = [name for name in order if version(self.namespace.get(name)) != self._origins[name]]
        for name in changed:
            self._origins[name] = version(self.namespace.get(name))
        return tuple(name for name in changed if not name.startswith("__"))

    def comparisons(self, nodes: Iterable[str]) -> tuple[Compared, ...]:
        """The calls of ``cmp`` since this was last asked, as far as they are about ``nodes``."""
        calls, self._compared = self._compared, []
        if not calls:
            return ()
        names = {id(self.namespace[name]): name for name in nodes if name in self.namespace}
        gradients = [(label, names[at], packed(dt)) for label, at, dt in calls if at in names]
        return tuple(Compared(label, node, gradient) for label, node, gradient in gradients if gradient is not None)

    def cmp(self, label: object, dt: object, t: object) -> None:
        """The notebook's ``cmp``: the gradient goes out, to be compared there.

        Of a gradient that the reference has replaced, it is the person's own; nothing where they gave none.
        """
        if isinstance(dt, torch.Tensor):
            gradient = self._replaced[id(dt)][1] if id(dt) in self._replaced else dt
            if gradient is not None:
                with self.recorder.paused():
                    self._compared.append((str(label)[:80], id(t), gradient.detach().clone()))

    def copied(self, names: Iterable[str], restore: Iterable[str], lesson: Namespace) -> Namespace:
        """What an answer that uses these names is tried in: its tensors, lists and dicts are copies."""
        copies = Copies(self._cloned)
        with self.recorder.paused():
            space = {name: copies.of(self.namespace[name]) for name in names if name in self.namespace}
            for name in restore:
                if isinstance(lesson.get(name), torch.Tensor):
                    space[name] = lesson[name].clone()
                    number = self.recorder.leaf(space[name], Root.OUTSIDE, space[name])
                    self._known[number] = name
                elif name in lesson:
                    space[name] = lesson[name]
        return space

    def _cloned(self, tensor: torch.Tensor) -> torch.Tensor:
        clone = tensor.clone()
        self.recorder.adopt(clone, self.recorder.number(tensor))
        return clone


def _in_namespace(function: FunctionType, namespace: Namespace) -> FunctionType:
    """``function`` where it finds its globals in ``namespace``."""
    code, closure = function.__code__, function.__closure__
    other = FunctionType(code, namespace, function.__name__, function.__defaults__, closure)
    other.__kwdefaults__ = function.__kwdefaults__
    return other


@dataclass(frozen=True)
class Executed:
    """How running code went: its ``error``, empty for none, the file's ``line`` that raised it, the ``output``.

    ``columns`` are the part of that line that raised, as bytes from 0.
    """

    error: str
    line: int
    output: str
    columns: tuple[int, int] | None = None


def execute(code: Code, line: int, namespace: Namespace, known: Iterable[str] | None = None) -> Executed:
    """Runs ``code``, whose first line is ``line`` of its file.

    ``known`` are the names among which one is looked for that is misspelled, if not those of ``namespace``.
    """
    output = Output(MOST_OUTPUT)
    error, at, columns = "", 0, None
    namespace["__builtins__"] = builtins
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), torch.no_grad():
        try:
            exec(compile(code, ANSWER, "exec") if isinstance(code, str) else code, namespace)
        except BaseException as caught:
            error = message_of(caught) + did_you_mean(caught, namespace if known is None else known)
            at, columns = line_in(caught, ANSWER), columns_in(caught, ANSWER)
    torch.set_default_dtype(torch.float32)
    return Executed(error, at + line - 1 if at else 0, output.getvalue(), columns)
