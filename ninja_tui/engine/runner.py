"""The runner: executes a person's code on detached copies of a lesson's tensors.

Reference gradients reach it only as upstream gradients, each after the answer to its own node has left.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import resource
import types
from collections.abc import Callable
from typing import Any

import torch

from ninja_tui.engine.double import cast, precision
from ninja_tui.engine.execution import Namespace, draw_minibatch, line_in, message_of, set_up
from ninja_tui.engine.lesson_code import LessonCode
from ninja_tui.engine.tensors import pack, unpack
from ninja_tui.engine.wire import Message, TensorData
from ninja_tui.engine.worker import Refused, Reply

ANSWER = "<answer>"
MOST_OUTPUT = 2000
MORE_MEMORY = 4 << 30
"""Bytes of address space that answers may take beyond what the worker starts with."""


class _Output(io.StringIO):
    """Keeps the first part of what is printed, and drops the rest."""

    def write(self, text: str) -> int:
        if self.tell() < MOST_OUTPUT:
            super().write(text[:MOST_OUTPUT])
        return len(text)


class Runner:
    """Namespaces of one lesson, one for each precision, in which answers run."""

    def __init__(self) -> None:
        self._namespace: Namespace = {}
        self._loss = ""
        self._base: dict[str, Namespace] = {}
        self._runs: dict[str, Namespace] = {}
        self._compared: list[tuple[str, int, torch.Tensor]] = []
        self._own: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        _limit_memory()

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
        """Runs the lesson's set-up and draws the minibatch."""
        code = LessonCode.from_body(message.body["lesson"])
        self._namespace = set_up(code)
        draw_minibatch(code, self._namespace)
        self._loss = code.loss
        return {}, {}

    def load(self, message: Message) -> Reply:
        """Puts the tape's values (by ``dtype:name``) in place; ``dloss`` is 1."""
        named: dict[str, dict[str, torch.Tensor]] = {"float32": {}, "float64": {}}
        for key, packed in message.tensors.items():
            dtype, _, name = key.partition(":")
            named[dtype][name] = unpack(packed)
        for dtype, tensors in named.items():
            done = {id(value): tensors[name] for name, value in self._namespace.items() if name in tensors}
            base = {name: cast(value, getattr(torch, dtype), done) for name, value in self._namespace.items()}
            base |= tensors
            base[f"d{self._loss}"] = torch.ones_like(base[self._loss])
            self._base[dtype] = base
        return {}, {}

    def begin(self, message: Message) -> Reply:
        """A fresh copy of the lesson's namespace for the precision ``dtype``, in which steps follow."""
        dtype = str(message.body["dtype"])
        done: dict[int, Any] = {}
        run = {name: cast(value, getattr(torch, dtype), done) for name, value in self._base[dtype].items()}
        self._runs[dtype] = run
        return self.put(message)

    def put(self, message: Message) -> Reply:
        """Binds tensors in a run."""
        run = self._runs[str(message.body["dtype"])]
        for name, packed in message.tensors.items():
            reference = unpack(packed)
            if isinstance(run.get(name), torch.Tensor):
                self._own[id(reference)] = (reference, run[name])
            run[name] = reference
        return {}, {}

    def step(self, message: Message) -> Reply:
        """Executes one statement in a run, for good; answers with the gradients named in ``take``."""
        body = message.body
        run = self._runs[str(body["dtype"])]
        run["cmp"] = self._cmp
        self._compared.clear()
        reply = _execute(str(body["code"]), int(body["line"]), str(body["dtype"]), run)
        tensors: dict[str, TensorData] = {}
        kinds: dict[str, str] = {}
        for name in body["take"]:
            kinds[name] = _take(run, name, str(body["dtype"]), (name, tensors))
        names = {id(value): key for key, value in run.items() if isinstance(value, torch.Tensor)}
        compared: list[list[str]] = []
        for label, which, dt in self._compared:
            if which in names:
                tensors[f"cmp:{len(compared)}"] = pack(dt)
                compared.append([label, names[which]])
        return {**reply, "kinds": kinds, "compared": compared}, tensors

    def attempt(self, message: Message) -> Reply:
        """Executes code on a copy of each run, which stays as it was; takes ``name`` from each."""
        body = message.body
        code, name = str(body["code"]), str(body["name"])
        reply: dict[str, Any] = {}
        tensors: dict[str, TensorData] = {}
        for dtype in body["dtypes"]:
            run = dict(self._runs[dtype])
            run["cmp"] = lambda *_: None
            try:
                compiled = compile(code, ANSWER, "exec")
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                return {**reply, dtype: {"error": message_of(error), "line": 0, "output": ""}}, {}
            for used in _names_used(compiled):
                if isinstance(run.get(used), torch.Tensor):
                    run[used] = run[used].clone()
            run.pop(name, None)
            outcome = _execute(compiled, 1, dtype, run)
            outcome["kind"] = _take(run, name, dtype, (dtype, tensors))
            reply[dtype] = outcome
            if outcome["error"]:
                break
        return reply, tensors

    def _cmp(self, label: object, dt: object, t: object) -> None:
        """The notebook's ``cmp``: what it is given goes out, to be compared there.

        Of a gradient that the reference has replaced, it is the person's own.
        """
        if isinstance(dt, torch.Tensor):
            own = self._own[id(dt)][1] if id(dt) in self._own else dt
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


def _names_used(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_used(constant)
    return names


def _limit_memory() -> None:
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123
            pages = int(stream.read().split()[0])
        most = pages * resource.getpagesize() + MORE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
