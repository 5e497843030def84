"""The runner: executes a person's code on detached copies of a lesson's tensors.

Reference gradients reach it only as upstream gradients, each after the answer to its own node has left.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import io
import resource
import types
from collections.abc import Callable, Collection
from typing import Any

import torch

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused, Reply
from ninja_tui.engine.protocol.wire import Message, TensorData
from ninja_tui.engine.protocol.worlds import FIRST, Values, World
from ninja_tui.engine.recording.devices import OnCpu
from ninja_tui.engine.recording.execution import Namespace, line_in, message_of
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.recording.precision import cast, precision, rebind
from ninja_tui.engine.workers.setup import draw_minibatch, set_up

ANSWER = "<answer>"
MOST_OUTPUT = 2000
MORE_MEMORY = 4 << 30
"""Bytes of address space that answers may take beyond what the worker starts with."""


OF_NO_EFFECT = (bool, int, float, complex, str, range, torch.dtype, torch.Generator, types.ModuleType)
"""What code may use without changing a tensor by it, beside tensors themselves."""


BY_ANY_NAME = frozenset({"globals", "locals", "vars", "dir", "eval", "exec", "compile", "__import__"})
"""What reaches names that are not written in the code."""


class _Output(io.StringIO):
    """Keeps the first part of what is printed, and drops the rest."""

    def write(self, text: str) -> int:
        if self.tell() < MOST_OUTPUT:
            super().write(text[:MOST_OUTPUT])
        return len(text)


class Runner:
    """Namespaces of one lesson, one for each world, in which answers run."""

    def __init__(self) -> None:
        self._drawn: dict[Values, Namespace] = {}
        self._loss = ("", "")
        self._nodes: tuple[str, ...] = ()
        self._statements: tuple[tuple[str, int], ...] = ()
        self._binds: list[tuple[str, ...]] = []
        self._base: dict[Values, Namespace] = {}
        self._runs: dict[str, Namespace] = {}
        self._origins: dict[str, dict[str, tuple[int, int]]] = {}
        self._sharers: dict[str, dict[int, set[str]]] = {}
        self._compared: list[tuple[str, int, torch.Tensor]] = []
        self._own: dict[int, tuple[torch.Tensor, torch.Tensor | None]] = {}
        self._devices = contextlib.ExitStack()
        limit_memory()

    def requests(self) -> dict[str, Callable[[Message], Reply]]:
        """What this worker does, by name."""
        return {
            "open": self.open,
            "load": self.load,
            "begin": self.begin,
            "put": self.put,
            "step": self.step,
            "try": self.attempt,
        }

    def open(self, message: Message) -> Reply:
        """Runs the lesson's set-up and draws the minibatch, and for fresh values another one."""
        code = LessonCode.from_body(message.body["lesson"])
        first = set_up(code)
        draw_minibatch(code, first)
        second = dict(first)
        draw_minibatch(code, second)
        self._drawn = {Values.FLOAT32: first, Values.FLOAT64: first, Values.FRESH: second}
        self._statements = code.statements
        self._binds = [binds for binds, _ in code.graph]
        if code.found:
            self._devices.enter_context(OnCpu())
        self._loss, self._nodes = (code.loss, code.gradient(code.loss)), code.nodes
        return {}, {}

    def load(self, message: Message) -> Reply:
        """Puts the tapes' values (by ``base:name``) in place; ``dloss`` is 1."""
        named: dict[Values, dict[str, torch.Tensor]] = {base: {} for base in self._drawn}
        for key, packed in message.tensors.items():
            base, _, name = key.partition(":")
            named[Values(base)][name] = unpack(packed)
        for base, tensors in named.items():
            drawn, dtype = self._drawn[base], getattr(torch, base.dtype)
            kept = tensors.keys() - {name for binds in self._binds for name in binds}
            done = {id(value): tensors[name] for name, value in drawn.items() if name in kept}
            values = {name: cast(value, dtype, done) for name, value in drawn.items()}
            values |= tensors
            loss, gradient = self._loss
            values[gradient] = torch.ones_like(values[loss])
            for index in message.body.get("carried", []):
                self._carry(index, values, base.dtype)
            self._base[base] = values
        gc.freeze()  # all of it stays: no collection need visit it
        return {}, {}

    def _carry(self, index: int, values: Namespace, dtype: str) -> None:
        """Adds what a statement of the forward pass binds beside tensors, which is not sent."""
        run = dict(values)
        code, line = self._statements[index]
        _execute(code, line, dtype, run)
        bound = {name: run[name] for name in self._binds[index] if name in run}
        values |= {name: value for name, value in bound.items() if not isinstance(value, torch.Tensor)}

    def begin(self, message: Message) -> Reply:
        """For each of ``worlds`` a fresh namespace in which steps follow; tensors called ``names`` are its own."""
        names = set(message.body["names"])
        for world in message.body["worlds"]:
            base = World(world).values
            done: dict[int, Any] = {}
            own = {
                name: cast(value, getattr(torch, base.dtype), done)
                for name, value in self._base[base].items()
                if name in names
            }
            run = self._base[base] | own
            rebind(run)
            self._runs[world] = run
            self._origins[world] = {name: _state(value) for name, value in run.items()}
            self._sharers[world] = {}
            for name, value in run.items():
                if isinstance(value, torch.Tensor):
                    self._sharers[world].setdefault(_storage(value), set()).add(name)
        return {}, {}

    def put(self, message: Message) -> Reply:
        """Binds upstream gradients (by ``world:name``) in runs."""
        for key, packed in message.tensors.items():
            world, _, name = key.partition(":")
            run = self._runs[world]
            reference = unpack(packed)
            own = run.get(name)
            self._own[id(reference)] = (reference, own if isinstance(own, torch.Tensor) else None)
            run[name] = reference
        return {}, {}

    def step(self, message: Message) -> Reply:
        """Executes one statement in runs, for good; takes gradients, and tells what else it changed.

        For each world: ``kinds`` of what is taken, ``changed`` gradients among ``watch``, and ``clobbered`` names
        of the lesson.
        """
        body = message.body
        reply: dict[str, Any] = {}
        tensors: dict[str, TensorData] = {}
        code, used = _compiled(str(body["code"]))
        for world in body["worlds"]:
            run, dtype = self._runs[world], World(world).dtype
            run["cmp"] = self._cmp
            touched = self._touched(world, used)
            self._compared.clear()
            before = {name: _state(run.get(name)) for name in body["watch"]}
            shared = _sharing(run, body["watch"], body["own"])
            said = _execute(code, int(body["line"]), dtype, run)
            changed = {name for name, state in before.items() if _state(run.get(name)) != state}
            changed |= {name for name, was in shared.items() if not _equal(run.get(name), was)}
            said["changed"] = sorted(changed)
            said["clobbered"] = self._clobbered(world, touched)
            said["kinds"] = {name: _take(run, name, dtype, (f"{world}:{name}", tensors)) for name in body["take"]}
            said["compared"] = self._compared_in(world, tensors)
            reply[world] = said
        return reply, tensors

    def attempt(self, message: Message) -> Reply:
        """Executes code on a copy of each run, which stays as it was; takes ``name`` from each.

        With ``restore`` those names have the lesson's own values.
        """
        body = message.body
        code, name = str(body["code"]), str(body["name"])
        reply: dict[str, Any] = {}
        tensors: dict[str, TensorData] = {}
        try:
            compiled = compile(code, ANSWER, "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return {world: {"error": message_of(error), "line": 0, "output": ""} for world in body["worlds"]}, {}
        used = _names_used(compiled)
        for world in body["worlds"]:
            base = World(world).values
            whole = self._runs[world]
            run = dict(whole) if used & BY_ANY_NAME else {each: whole[each] for each in used if each in whole}
            run |= {each: self._base[base][each] for each in body.get("restore", []) if each in self._base[base]}
            run["cmp"] = lambda *_: None
            for each in used:
                if isinstance(run.get(each), torch.Tensor):
                    run[each] = run[each].clone()
            before = {each: _state(run[each]) for each in used & set(body.get("watch", [])) if each in run}
            run.pop(name, None)
            said = _execute(compiled, 1, base.dtype, run)
            said["changed"] = [each for each, state in before.items() if _state(run.get(each)) != state]
            said["kind"] = _take(run, name, base.dtype, (world, tensors))
            reply[world] = said
            if said["error"] and world in FIRST:
                break
        return reply, tensors

    def _touched(self, world: str, used: set[str]) -> Collection[str]:
        """The lesson's names that code may bind or change: those it ``used``, and those that share their memory.

        All of them where what it uses may hold anything, such as a list or a function.
        """
        run, origins = self._runs[world], self._origins[world]
        found = used & origins.keys()
        for value in (run[name] for name in used - {"cmp"} if name in run):
            if isinstance(value, torch.Tensor):
                found |= self._sharers[world].get(_storage(value), set())
            elif not isinstance(value, OF_NO_EFFECT):
                return origins.keys()
        return found

    def _clobbered(self, world: str, touched: Collection[str]) -> list[str]:
        """Those of the lesson's names that now are bound to something else, or changed; each is told once."""
        run, origins = self._runs[world], self._origins[world]
        order = origins if len(touched) == len(origins) else sorted(touched)
        found = [name for name in order if _state(run.get(name)) != origins[name]]
        for name in found:
            origins[name] = _state(run.get(name))
        return [name for name in found if not name.startswith("__")]

    def _compared_in(self, world: str, tensors: dict[str, TensorData]) -> list[list[str]]:
        run = self._runs[world]
        if not self._compared:
            return []
        names = {id(run[name]): name for name in self._nodes if name in run}
        compared: list[list[str]] = []
        for label, which, dt in self._compared:
            if which in names:
                tensors[f"cmp:{world}:{len(compared)}"] = pack(dt)
                compared.append([label, names[which]])
        return compared

    def _cmp(self, label: object, dt: object, t: object) -> None:
        """The notebook's ``cmp``: what it is given goes out, to be compared there.

        Of a gradient that the reference has replaced, it is the person's own; nothing where they gave none.
        """
        if isinstance(dt, torch.Tensor):
            own = self._own[id(dt)][1] if id(dt) in self._own else dt
            if own is not None:
                self._compared.append((str(label)[:80], id(t), own.detach().clone()))


def _execute(code: str | types.CodeType, line: int, dtype: str, run: Namespace) -> dict[str, Any]:
    """Runs ``code``, whose first line is ``line`` of its file. The error is None where it went well."""
    output = _Output()
    error: str | None = None
    at = 0
    run["__builtins__"] = builtins
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), torch.no_grad():
        try:
            with precision(dtype):
                exec(compile(code, ANSWER, "exec") if isinstance(code, str) else code, run)
        except BaseException as caught:
            error, at = message_of(caught), line_in(caught, ANSWER)
    torch.set_default_dtype(torch.float32)
    return {"error": error, "line": at + line - 1 if at else 0, "output": output.getvalue()}


def _take(run: Namespace, name: str, dtype: str, into: tuple[str, dict[str, TensorData]]) -> str:
    """Packs ``run[name]`` under a key into a dict; answers what kind of thing it is ("" for nothing)."""
    key, tensors = into
    if name not in run:
        return ""
    value = run[name]
    if isinstance(value, bool | int | float):
        tensors[key] = pack(torch.tensor(float(value), dtype=getattr(torch, dtype)))
        return type(value).__name__
    if not isinstance(value, torch.Tensor):
        return type(value).__name__
    try:
        tensors[key] = pack(value)
    except (Refused, RuntimeError):
        return f"{value.layout} tensor"
    return "Tensor"


def _sharing(run: Namespace, watch: list[str], own: list[str]) -> dict[str, torch.Tensor]:
    """Copies of the ``watch``ed tensors whose memory one of ``own`` shares unseen, as ``x.data`` does."""
    mine = {_address(run.get(name)) for name in own} - {None}
    return {name: run[name].clone() for name in watch if _address(run.get(name)) in mine}


def _address(value: object) -> int | None:
    """Where a plain tensor's elements are; None for anything else."""
    if not isinstance(value, torch.Tensor) or value.layout is not torch.strided or not value.numel():
        return None
    return value.data_ptr()


def _storage(tensor: torch.Tensor) -> int:
    """Tells apart the memory that tensors stand in, also that of their views."""
    return tensor.untyped_storage().data_ptr() if tensor.layout is torch.strided else id(tensor)


def _equal(value: object, was: torch.Tensor) -> bool:
    return isinstance(value, torch.Tensor) and value.layout is was.layout and torch.equal(value, was)


def _state(value: object) -> tuple[int, int]:
    """Changes when a name is bound to another object, or its tensor is changed in place."""
    return id(value), value._version if isinstance(value, torch.Tensor) else 0


def _compiled(code: str) -> tuple[str | types.CodeType, set[str]]:
    """``code`` compiled, and the names that it uses; as it is, and none, where it cannot be, and so does nothing."""
    try:
        compiled = compile(code, ANSWER, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return code, set()
    return compiled, _names_used(compiled)


def _names_used(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_used(constant)
    return names


def limit_memory() -> None:
    """Bounds the address space of this process: what it has now, and ``MORE_MEMORY``."""
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123
            pages = int(stream.read().split()[0])
        most = pages * resource.getpagesize() + MORE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
