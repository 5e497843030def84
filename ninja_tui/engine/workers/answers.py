"""The worker that executes a person's code, on detached copies of a lesson's tensors.

Reference gradients reach it only as upstream gradients, each after the answer to its own node has left.
"""

from __future__ import annotations

import contextlib
import gc

import torch

from ninja_tui.engine.protocol.answering import (
    Begin,
    LoadValues,
    Outcome,
    Outcomes,
    Ping,
    PutGradient,
    RunStatement,
    SetUp,
    TryAnswer,
)
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Done, Refused
from ninja_tui.engine.protocol.worlds import FIRST, Values, World
from ninja_tui.engine.recording.devices import OnCpu
from ninja_tui.engine.recording.execution import Namespace, message_of
from ninja_tui.engine.recording.packing import unpack
from ninja_tui.engine.recording.precision import cast
from ninja_tui.engine.workers import namespace as spaces
from ninja_tui.engine.workers.main import Handlers
from ninja_tui.engine.workers.namespace import Run
from ninja_tui.engine.workers.setup import draw_minibatch, set_up


class Answers:
    """One lesson's namespaces, one for each world."""

    def __init__(self) -> None:
        self._code: LessonCode | None = None
        self._drawn: dict[Values, Namespace] = {}
        self._values: dict[Values, Namespace] = {}
        self._runs: dict[World, Run] = {}
        self._devices = contextlib.ExitStack()

    def handlers(self) -> Handlers:
        """What this worker does."""
        return {
            SetUp: self.set_up,
            LoadValues: self.load,
            Begin: self.begin,
            PutGradient: self.put,
            RunStatement: self.run,
            TryAnswer: self.attempt,
            Ping: lambda _: Done(),
        }

    def set_up(self, request: SetUp) -> Done:
        """Runs the lesson's set-up and draws the minibatch, and for fresh values another one."""
        self._code = code = request.lesson
        first = set_up(code)
        draw_minibatch(code, first)
        second = dict(first)
        draw_minibatch(code, second)
        self._drawn = {Values.FLOAT32: first, Values.FLOAT64: first, Values.FRESH: second}
        if code.discovered:
            self._devices.enter_context(OnCpu())
        return Done()

    def load(self, request: LoadValues) -> Done:
        """Puts the tapes' values in place; the gradient of the loss is 1."""
        code = self._opened()
        bound = {name for flow in code.graph for name in flow.binds}
        for values, packed in request.values.items():
            drawn, dtype = self._drawn[values], getattr(torch, values.dtype)
            tensors = {name: unpack(each) for name, each in packed.items()}
            kept = tensors.keys() - bound
            copies = {id(value): tensors[name] for name, value in drawn.items() if name in kept}
            space = {name: cast(value, dtype, copies) for name, value in drawn.items()} | tensors
            space[code.gradient(code.loss)] = torch.ones_like(space[code.loss])
            for index in request.carried:
                _carry(code, index, values, space)
            self._values[values] = space
        gc.freeze()  # all of it stays: no collection need visit it
        return Done()

    def begin(self, request: Begin) -> Done:
        """A fresh run for each world, in which statements follow."""
        names = frozenset(request.names)
        for world in request.worlds:
            self._runs[world] = Run(world, self._values[world.values], names)
        return Done()

    def put(self, request: PutGradient) -> Done:
        """Binds upstream gradients in runs."""
        for world, packed in request.gradients.items():
            self._runs[world].put(request.name, unpack(packed))
        return Done()

    def run(self, request: RunStatement) -> Outcomes:
        """Executes one statement in runs, for good."""
        code, used = spaces.compiled(request.code)
        return Outcomes({world: self._step(self._runs[world], request, code, used) for world in request.worlds})

    def _step(self, run: Run, request: RunStatement, code: spaces.Code, used: set[str]) -> Outcome:
        space, dtype = run.namespace, run.world.dtype
        reach = run.names_within_reach(used)
        before = {name: spaces.version(space.get(name)) for name in request.watch}
        space["cmp"] = run.cmp
        shared = spaces.unseen_sharers(space, request.watch, request.bound)
        error, line, output = spaces.execute(code, request.line, dtype, space)
        spaces.keep_changeable(space, used)
        changed = {name for name, state in before.items() if spaces.version(space.get(name)) != state}
        changed |= {name for name, copy in shared.items() if spaces.differs(space.get(name), copy)}
        return Outcome(
            error=error,
            line=line,
            output=output,
            gradients={name: spaces.bound(space, name, dtype) for name in request.take},
            changed=tuple(sorted(changed)),
            clobbered=run.clobbered(reach),
            compared=run.comparisons(self._opened().nodes) if run.world is World.FLOAT32 else (),
        )

    def attempt(self, request: TryAnswer) -> Outcomes:
        """Executes an answer on a copy of each run, which stays as it was."""
        try:
            code = compile(request.code, spaces.ANSWER, "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as invalid:
            return Outcomes({world: Outcome(error=message_of(invalid)) for world in request.worlds})
        used = spaces.names_used(code)
        outcomes: dict[World, Outcome] = {}
        for world in request.worlds:
            space = self._copy(world, used, request)
            before = {name: spaces.version(space[name]) for name in used & set(request.watch) if name in space}
            space.pop(request.gradient, None)
            error, line, output = spaces.execute(code, 1, world.dtype, space)
            outcomes[world] = Outcome(
                error=error,
                line=line,
                output=output,
                gradients={request.gradient: spaces.bound(space, request.gradient, world.dtype)},
                changed=tuple(name for name, state in before.items() if spaces.version(space.get(name)) != state),
            )
            if error and world in FIRST:
                break
        return Outcomes(outcomes)

    def _copy(self, world: World, used: set[str], request: TryAnswer) -> Namespace:
        """What an answer that uses these names runs in; its tensors are copies."""
        whole, values = self._runs[world].namespace, self._values[world.values]
        every = bool(used & spaces.BY_ANY_NAME)
        space = dict(whole) if every else {name: whole[name] for name in used if name in whole}
        space |= {name: values[name] for name in request.restore if name in values}
        space["cmp"] = lambda *_: None
        for name in used:
            if isinstance(space.get(name), torch.Tensor):
                space[name] = space[name].clone()
        return space

    def _opened(self) -> LessonCode:
        if self._code is None:
            raise Refused("the lesson is not open")
        return self._code


def _carry(code: LessonCode, index: int, values: Values, space: Namespace) -> None:
    """Adds what a statement of the forward pass binds beside tensors, which is not sent."""
    run = dict(space)
    fragment = code.statements[index]
    spaces.execute(fragment.code, fragment.line, values.dtype, run)
    bound = {name: run[name] for name in code.graph[index].binds if name in run}
    space |= {name: value for name, value in bound.items() if not isinstance(value, torch.Tensor)}
