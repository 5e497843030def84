"""The service that trains: it runs a lesson's steps with a person's backward pass, in a process of its own.

One training at a time. Requests and replies are plain data; losses, parameters and generator states travel as raw
tensors. Whatever the person's code raises is told in a reply, with its statement and line.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused, Reply
from ninja_tui.engine.protocol.wire import Message
from ninja_tui.engine.recording.execution import Namespace, message_of
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.training.codegen.draws import OWN
from ninja_tui.engine.training.codegen.step_source import Part, Piece, Recipe, split, without
from ninja_tui.engine.training.gradcheck import check
from ninja_tui.engine.training.loop import Loop
from ninja_tui.engine.training.parameters import Parameters
from ninja_tui.engine.training.sampling import Sampler
from ninja_tui.engine.training.stepping import seconds
from ninja_tui.engine.workers.setup import set_up

RATES = (0.1, 0.01)
WORTH_COMPILING = 5_000
"""Steps from which on compiling pays for itself, where it is not asked for."""


@dataclass(frozen=True)
class Choices:
    """How to train: see ``Training.begin``."""

    steps: int
    answers: tuple[tuple[str, int], ...]
    backward: str = "manual"
    replaced: tuple[str, ...] = ()
    batch_size: int | None = None
    rates: tuple[float, float] | None = None
    engine: str = "auto"

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Choices:
        """From a request's plain data."""
        rates = body.get("rates")
        size = body.get("batch_size")
        return cls(
            steps=int(body["steps"]),
            answers=tuple((str(code), int(line)) for code, line in body.get("answers", [])),
            backward=str(body.get("backward", "manual")),
            replaced=tuple(str(name) for name in body.get("replaced", [])),
            batch_size=None if size is None else int(size),
            rates=None if rates is None else (float(rates[0]), float(rates[1])),
            engine=str(body.get("engine", "auto")),
        )


class Training:
    """One lesson, the training that was begun on it, and its parameters as they are now."""

    def __init__(self) -> None:
        self._code: LessonCode | None = None
        self._namespace: Namespace = {}
        self._first: Namespace = {}
        self._parameters = Parameters([], {})
        self._choices = Choices(0, ())
        self._answers: tuple[Piece, ...] = ()
        self._loop: Loop | None = None
        self._sampler: Sampler | None = None
        self._done = 0

    def requests(self) -> dict[str, Callable[[Message], Reply]]:
        """What this worker does, by name."""
        methods: dict[str, Callable[[Message], Reply]] = {
            "open": self.open,
            "begin": self.begin,
            "advance": self.advance,
            "check": self.check,
            "profile": self.profile,
            "evaluate": lambda _message: (self._sampling().evaluate(self._done), {}),
            "sample": self.sample,
            "save": self.save,
            "load": self.load,
        }
        return {name: _guarded(method) for name, method in methods.items()}

    def open(self, message: Message) -> Reply:
        """Runs the lesson's set-up.

        ``lesson`` is a LessonCode as plain data; ``calibrate`` and ``predict``, each (source, line), are optional.
        The reply has the ``parameters``' names and count, and the lesson's own ``batch_size``, ``steps`` and
        ``rates`` (None where it has none). Raises Refused where the set-up cannot be run.
        """
        body = message.body
        self._code = code = LessonCode.from_body(body["lesson"])
        self._namespace = namespace = set_up(code)
        for name in code.parameters:
            if not isinstance(namespace.get(name), torch.Tensor):
                raise Refused(f"{code.where}: the parameter `{name}` is no tensor")
            namespace[name] = namespace[name].detach()
        namespace["parameters"] = [namespace[name] for name in code.parameters]
        namespace["cmp"] = lambda *_: None
        namespace.setdefault(f"d{code.loss}", torch.ones(()))
        self._parameters = Parameters(list(code.parameters), namespace)
        self._sampler = Sampler(code, body.get("calibrate"), body.get("predict"))
        self._loop = None
        self._first, self._done = dict(namespace), 0
        steps = namespace.get("steps")
        own = callable(namespace.get("learning_rate"))
        return {
            "parameters": list(code.parameters),
            "count": sum(namespace[name].numel() for name in code.parameters),
            "batch_size": namespace.get("batch_size"),
            "steps": steps,
            "rates": [self._rate(0), self._rate(steps - 1)] if isinstance(steps, int) and own else None,
        }, {}

    def begin(self, message: Message) -> Reply:
        """Starts from the lesson's own parameters, with the choices of the message.

        ``steps``, ``batch_size`` and ``rates`` (the second from half the steps on; without: the lesson's own);
        ``answers``, pairs (code, line) in file order; ``backward`` "manual" or "autograd"; ``replaced``, the nodes
        whose gradient is autograd's although the rest is the person's; ``engine``: "eager", "compiled", or "auto",
        which compiles for a long run.

        The first step is tried, and undone. The reply has ``backward`` ("mixed" where some is replaced), the
        function's ``source``, whether it is ``drawn_ahead``, the lesson's names that the answers rebind
        (``rebinds``: each step begins with the lesson's own), the parameters that they change themselves
        (``changes``: that stays, and the update comes on top), those whose gradient was ``reshaped``,
        ``engine`` (eager or compiled), the ``seconds`` that compiling took, ``reason`` why it is not compiled
        although it was to be ("" where it is), and ``stopped`` with what went wrong in the first step, or None.
        Raises Refused where no step can be made.
        """
        code, choices = self._opened(), Choices.from_body(message.body)
        self._choices, self._done, self._loop = choices, 0, None
        self._parameters.reset()
        self._sampling().forget()
        random.seed(0)
        torch.manual_seed(0)
        namespace = self._namespace  # the set-up's own functions read it: the same dict, as it was at first
        namespace.clear()
        namespace.update(self._first)
        self._resize(choices)
        try:
            self._loop = loop = Loop(self._recipe(code, choices), namespace, self._parameters, self._rate)
        except SyntaxError as error:
            raise Refused(f"this code cannot train: {message_of(error)}") from None
        began, reason = time.perf_counter(), ""
        long = choices.engine == "auto" and choices.steps >= WORTH_COMPILING
        if loop.stopped is None and (long or choices.engine == "compiled"):
            reason = loop.compile()
        recipe, generated = loop.recipe, loop.generated
        changed = {name for piece in recipe.answers for name in piece.binds()}
        backward = "autograd" if choices.backward == "autograd" else "mixed" if recipe.replaced else "manual"
        return {
            "backward": backward,
            "source": generated.source,
            "drawn_ahead": generated.ahead is not None,
            "rebinds": sorted(generated.rebinds),
            "changes": sorted(changed & set(code.parameters)),
            "reshaped": sorted(recipe.shapes),
            "count": sum(value.numel() for value in self._parameters.tensors().values()),
            "stopped": loop.stopped,
            "engine": loop.engine,
            "seconds": time.perf_counter() - began,
            "reason": reason,
        }, {}

    def advance(self, message: Message) -> Reply:
        """Trains ``count`` steps, or as many as are left.

        The reply has ``step`` (how many are done), ``seconds``, ``engine``, ``rate`` (of the last step) and
        ``stopped``: None, or where it stopped: ``step`` (from 0), ``part``, ``name`` of the tensor, ``code``,
        ``line``, ``message``. The tensor ``losses`` has those of the steps of this request. After a stop the
        parameters are those before the step in which it began.
        """
        loop = self._begun()
        left = min(int(message.body["count"]), self._choices.steps - loop.done)
        began = time.perf_counter()
        losses, stopped = loop.advance(left)
        self._done = loop.done
        return {
            "step": loop.done,
            "seconds": time.perf_counter() - began,
            "engine": loop.engine,
            "rate": self._rate(max(loop.done - 1, 0)),
            "stopped": stopped,
        }, {"losses": pack(losses)}

    def check(self, message: Message) -> Reply:
        """The person's gradients against autograd's on ``count`` fresh minibatches: see ``checking.check``."""
        code = self._opened()
        begun = self._begun().recipe
        recipe = replace(begun, answers=self._answers, replaced=())
        nodes = [str(name) for name in message.body.get("nodes", code.nodes)]
        with self._parameters.untouched():
            self._parameters.require_gradients(needed=True)
            found = check(recipe, self._namespace, nodes, int(message.body.get("count", 3)))
        self._parameters.require_gradients(needed=begun.with_autograd)
        return {"nodes": found}, {}

    def profile(self, message: Message) -> Reply:
        """The ``seconds`` that each of the ``statements`` of a step takes, over ``count`` steps; nothing is trained."""
        stepwise = self._begun().stepwise
        with self._parameters.untouched():
            try:
                spent = seconds(stepwise, self._namespace, 0.0, int(message.body.get("count", 50)))
            except BaseException as error:
                raise Refused(message_of(error)) from None
        statements = [
            {
                "part": str(piece.part),
                "code": piece.code.replace(OWN, ""),
                "line": piece.line,
                "yours": piece.part is Part.ANSWERS,
                "seconds": each,
            }
            for piece, each in zip(stepwise.pieces, spent, strict=True)
        ]
        return {"statements": statements}, {}

    def sample(self, message: Message) -> Reply:
        """``count`` more names: see ``Sampler.sample``; ``seed`` starts afresh."""
        body = message.body
        seed, longest = body.get("seed"), int(body.get("longest", 50))
        names = self._sampling().sample(self._done, int(body.get("count", 1)), seed, longest)
        return {"names": names}, {}

    def save(self, _message: Message) -> Reply:
        """The parameters by name, and the number of steps that they have been trained."""
        return {"step": self._done}, {name: pack(value) for name, value in self._parameters.tensors().items()}

    def load(self, message: Message) -> Reply:
        """Puts the message's tensors in the place of the parameters; ``step`` tells how far they were trained.

        Raises Refused where a parameter is missing or has another shape.
        """
        given = {name: unpack(packed) for name, packed in message.tensors.items()}
        self._parameters.load(given)
        self._done = int(message.body.get("step", 0))
        self._sampling().forget()
        return {}, {}

    def _opened(self) -> LessonCode:
        if self._code is None:
            raise Refused("the lesson is not open")
        return self._code

    def _begun(self) -> Loop:
        if self._loop is None:
            raise Refused("no training has begun")
        return self._loop

    def _sampling(self) -> Sampler:
        if self._sampler is None:
            raise Refused("the lesson is not open")
        self._sampler.namespace = self._namespace
        return self._sampler

    def _resize(self, choices: Choices) -> None:
        namespace, size = self._namespace, choices.batch_size
        if isinstance(namespace.get("steps"), int):
            namespace["steps"] = choices.steps
        if size is None or namespace.get("batch_size") == size:
            return
        if not isinstance(namespace.get("batch_size"), int):
            raise Refused(f"{self._opened().where}: the set-up binds no batch_size, so it cannot be chosen")
        if size < 1:
            raise Refused("a minibatch has at least one row")
        if namespace.get("n") == namespace["batch_size"]:
            namespace["n"] = size
        namespace["batch_size"] = size

    def _rate(self, step: int) -> float:
        if self._choices.rates is not None:
            return self._choices.rates[step >= self._choices.steps // 2]
        own = self._namespace.get("learning_rate")
        if callable(own):
            return float(own(step))
        return RATES[step >= self._choices.steps // 2]

    def _recipe(self, code: LessonCode, choices: Choices) -> Recipe:
        gradients = {f"d{name}" for name in code.nodes}
        answers: tuple[Piece, ...] = ()
        replaced = choices.replaced
        self._answers = tuple(piece for text, line in choices.answers for piece in split(text, line, Part.ANSWERS))
        if choices.backward == "autograd":
            replaced = code.parameters
        else:
            answers = without(self._answers, replaced, gradients)
            given = {name for piece in answers for name in piece.binds()} | {f"d{name}" for name in replaced}
            missing = [f"d{name}" for name in code.parameters if f"d{name}" not in given]
            if missing:
                raise Refused(f"no answer gives {', '.join(missing)}")
        return Recipe(
            minibatch=tuple(piece for text, line in code.minibatch for piece in split(text, line, Part.MINIBATCH)),
            forward=tuple(piece for text, line in code.statements for piece in split(text, line, Part.FORWARD)),
            answers=answers,
            parameters=code.parameters,
            loss=code.loss,
            replaced=replaced,
        )


def _guarded(method: Callable[[Message], Reply]) -> Callable[[Message], Reply]:
    """``method`` that refuses where it would raise: code that it ran may have spoilt anything."""

    def guarded(message: Message) -> Reply:
        try:
            return method(message)
        except Refused:
            raise
        except Exception as error:
            raise Refused(message_of(error)) from None

    return guarded
