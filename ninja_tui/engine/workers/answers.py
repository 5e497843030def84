"""The worker that executes a person's code, on detached copies of a lesson's tensors.

Reference gradients reach it only as upstream gradients, each after the answer to its own node has left.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable
from dataclasses import replace

import torch

from ninja_tui.engine.judge.compare import loses_digits
from ninja_tui.engine.judge.rounding import rounded_to
from ninja_tui.engine.protocol.answering import (
    Begin,
    LoadValues,
    Outcome,
    Ping,
    PutGradient,
    Replayed,
    ReplayGradient,
    RunStatement,
    SetUp,
    TryAnswer,
)
from ninja_tui.engine.protocol.judging import PlannedTrial, Reading
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Done, Refused
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.recording.devices import OnCpu
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.recording.slices import Slice
from ninja_tui.engine.workers import namespace as spaces
from ninja_tui.engine.workers.main import Handlers
from ninja_tui.engine.workers.run import NOT_REPLAYED, Run, execute
from ninja_tui.engine.workers.setup import draw_minibatch, set_up


class Answers:
    """One lesson's tensors, and the run of a person's statements on them."""

    def __init__(self) -> None:
        self._code: LessonCode | None = None
        self._lesson: Namespace = {}
        self._worlds: list[dict[str, torch.Tensor]] = []
        self._run: Run | None = None
        self._latest: dict[str, tuple[Slice[str] | None, torch.Tensor | None]] = {}
        self._mark: int | None = None
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
            ReplayGradient: self.replay,
            Ping: lambda _: Done(),
        }

    def set_up(self, request: SetUp) -> Done:
        """Runs the lesson's set-up and draws the minibatch."""
        self._code = code = request.lesson
        self._lesson = set_up(code)
        draw_minibatch(code, self._lesson)
        for name, value in self._lesson.items():
            if isinstance(value, torch.Tensor) and value.requires_grad:
                self._lesson[name] = value.detach()
        if code.discovered:
            self._devices.enter_context(OnCpu())
        return Done()

    def load(self, request: LoadValues) -> Done:
        """Puts the forward pass's values in place; the gradient of the loss is 1."""
        code = self._opened()
        single, *worlds = ({path: unpack(each) for path, each in values.items()} for values in request.values)
        self._worlds = worlds
        plain = {path: tensor for path, tensor in single.items() if path.isidentifier()}
        for index in request.carried:
            self._carry(index, plain)
        self._lesson |= plain
        self._lesson[code.gradient(code.loss)] = torch.ones_like(self._lesson[code.loss])
        gc.freeze()  # all of it stays: no collection need visit it
        return Done()

    def _carry(self, index: int, tensors: dict[str, torch.Tensor]) -> None:
        """Adds what a statement of the forward pass binds beside tensors, which is not sent."""
        code = self._opened()
        run = self._lesson | tensors
        fragment = code.statements[index]
        execute(fragment.code, fragment.line, run)
        bound = {name: run[name] for name in code.graph[index].binds if name in run}
        self._lesson |= {name: value for name, value in bound.items() if not isinstance(value, torch.Tensor)}

    def begin(self, request: Begin) -> Done:
        """A fresh run, in which statements follow."""
        code = self._opened()
        self._mark = None
        self._run = Run(self._lesson, self._worlds, frozenset(request.names), (code.loss, code.gradient(code.loss)))
        return Done()

    def put(self, request: PutGradient) -> Done:
        """Binds an upstream gradient, or takes the person's own for it."""
        run = self._begun()
        if request.gradient is None:
            run.keep(request.node, request.name)
        else:
            run.put(request.node, request.name, unpack(request.gradient.single), unpack(request.gradient.double))
        return Done()

    def run(self, request: RunStatement) -> Outcome:
        """Executes one statement, for good."""
        run = self._begun()
        code, used = spaces.compiled(request.code)
        space = run.namespace
        reach = run.names_within_reach(used)
        before = {name: spaces.version(space.get(name)) for name in request.watch}
        space["cmp"] = run.cmp
        with run.recorder.paused():
            shared = spaces.unseen_sharers(space, request.watch, request.bound)
        ran = run.execute(code, request.line, request.bound)
        run.keep_changeable(space, used)
        changed = {name for name, state in before.items() if spaces.version(space.get(name)) != state}
        changed |= {name for name, copy in shared.items() if spaces.differs(space.get(name), copy)}
        self._latest = {name: self._taken(run, space, name) for name in request.take}
        return Outcome(
            error=ran.error,
            line=ran.line,
            output=ran.output,
            columns=ran.columns,
            gradients={name: spaces.bound(space, name) for name in request.take},
            readings={name: self._reading(run, name, ran.error, used, space) for name in request.take},
            changed=tuple(sorted(changed)),
            clobbered=run.clobbered(reach),
            compared=run.comparisons(self._opened().nodes),
        )

    def attempt(self, request: TryAnswer) -> Outcome:
        """Executes an answer on a copy of the run, which stays as it was."""
        run = self._begun()
        self._mark = run.recorder.branch()
        try:
            code = compile(request.code, spaces.ANSWER, "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as invalid:
            return Outcome(error=message_of(invalid))
        used = spaces.names_used(code)
        names: Iterable[str] = run.namespace if used & spaces.BY_ANY_NAME else used
        space = run.copied(names, request.restore, self._lesson)
        space["cmp"] = lambda *_: None
        before = {name: spaces.version(space[name]) for name in used & set(request.watch) if name in space}
        space.pop(request.gradient, None)
        ran = run.execute(code, 1, [request.gradient], space)
        run.keep_changeable(space, [request.gradient])
        self._latest[request.gradient] = self._taken(run, space, request.gradient)
        return Outcome(
            error=ran.error,
            line=ran.line,
            output=ran.output,
            columns=ran.columns,
            gradients={request.gradient: spaces.bound(space, request.gradient)},
            readings={request.gradient: self._reading(run, request.gradient, ran.error, used, space)},
            changed=tuple(name for name, state in before.items() if spaces.version(space.get(name)) != state),
        )

    def _reading(self, run: Run, gradient: str, error: str, used: Iterable[str], space: Namespace) -> Reading:
        piece = self._latest[gradient][0]
        if error or piece is None:
            return run.reading_of(gradient, used, space)
        reading = run.reading(gradient, piece)
        if not reading.escapes:
            return reading
        named = run.reading_of(
            gradient, used, space
        )  # what became Python's numbers was computed from these, for all one knows
        return replace(
            reading,
            nodes=tuple(dict.fromkeys((*reading.nodes, *named.nodes))),
            names=tuple(dict.fromkeys((*reading.names, *named.names))),
        )

    def _taken(self, run: Run, space: Namespace, name: str) -> tuple[Slice[str] | None, torch.Tensor | None]:
        """A gradient, and what it was computed from."""
        value = space.get(name)
        if isinstance(value, bool | int | float):
            return None, torch.tensor(float(value), dtype=torch.float64)
        try:
            return run.slice_of(value), value if isinstance(value, torch.Tensor) else None
        except NOT_REPLAYED:
            return None, None

    def replay(self, request: ReplayGradient) -> Replayed:
        """Computes a gradient in other worlds."""
        run = self._started()
        piece, value = self._latest.get(request.gradient, (None, None))
        if value is None:
            raise Refused(f"{request.gradient} was not computed")
        if piece is None:
            constant = pack(value)
            return Replayed((constant,) * len(request.trials), ("",) * len(request.trials), constant)
        again = spaces.compiled(request.code)[0] if run.escapes(request.gradient) else None
        results: list[TensorData | None] = []
        errors: list[str] = []
        for trial in request.trials:
            upstream = {node: unpack(each) for node, each in trial.upstream.items()}
            try:
                result = None if again is None else run.again(again, request.gradient, trial.world, upstream)
                if result is None:
                    result = run.replayed(piece, trial.world, upstream)
                results.append(spaces.packed(result))
                errors.append("")
            except NOT_REPLAYED as error:
                results.append(None)
                errors.append(message_of(error))
        chained = run.chained(value)
        isolated = self._isolated(piece, value, request.trials[0], results[0])
        return Replayed(
            tuple(results),
            tuple(errors),
            None if chained is None else spaces.packed(chained),
            None if isolated is None else spaces.packed(isolated),
            rounded_to(piece, value, {node: unpack(each) for node, each in request.trials[0].upstream.items()}),
        )

    def _isolated(
        self, piece: Slice[str], value: torch.Tensor, home: PlannedTrial, result: TensorData | None
    ) -> torch.Tensor | None:
        """The gradient in float32 with the reference's upstream, where the person's own makes another of it."""
        if result is None or not piece.read or not loses_digits(value, unpack(result)):
            return None
        try:
            return piece.as_written({node: unpack(each) for node, each in home.upstream.items()}, value.dtype)
        except NOT_REPLAYED:
            return None

    def _opened(self) -> LessonCode:
        if self._code is None:
            raise Refused("the lesson is not open")
        return self._code

    def _begun(self) -> Run:
        """The run, without what was tried in it."""
        run = self._started()
        if self._mark is not None:
            run.rejoin(self._mark)
            self._mark = None
        return run

    def _started(self) -> Run:
        if self._run is None:
            raise Refused("no run was begun")
        return self._run
