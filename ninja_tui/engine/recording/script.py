"""Runs a program statement by statement, as Python runs it, and records what it does to tensors."""

from __future__ import annotations

import ast
import contextlib
import sys
import time
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.protocol.judging import Operand
from ninja_tui.engine.protocol.programs import FailedOperation
from ninja_tui.engine.recording.comparisons import PROGRAM
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.execution import Output, columns_in, line_in
from ninja_tui.engine.recording.names import Names
from ninja_tui.engine.recording.record import Record, Training
from ninja_tui.engine.recording.recorder import Recorder
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.instrument import ALIAS, MEASURED, NOTE, OVER, TURNS, Site, instrumented
from ninja_tui.lesson.syntax.names import operands
from ninja_tui.lesson.syntax.seed import reseed

MOST_TURNS = 48
"""Of a loop that trains so many turns are run, and the last."""
LONGEST_TRAINING = 1.0
"""Seconds after which no further turn of such a loop begins but its last."""
LONGEST_SEARCH = 0.5
"""Seconds in which the last item of what a loop goes through is to come."""
FEWEST_TURNS = 2
MOST_OUTPUT = 4000


@dataclass(frozen=True)
class Failure:
    """A statement that raised: its first line, the line that raised, what it said, and the columns in that line.

    ``operation`` is the operator that raised, if one did.
    """

    line: int
    at: int
    message: str
    kind: str
    columns: tuple[int, int] | None = None
    operation: FailedOperation | None = None


class Script:
    """One run of a program in a namespace of its own."""

    def __init__(self, namespace: dict[str, Any], seed: int | None = None) -> None:
        self._seed = seed
        self.recorder = Recorder()
        self.sites: list[Site] = []
        self.names = Names(self.recorder, self.sites)
        self.namespace = namespace
        self.failures: list[Failure] = []
        self.failed: list[Fragment] = []
        self.shortened: set[int] = set()
        namespace |= {NOTE: self._note, TURNS: self._turns, OVER: self._over, ALIAS: _alias, MEASURED: self._measured}
        self._loops: dict[int, _Loop] = {}
        self._resting = self.names.resting

    def run(self, fragment: Fragment) -> str:
        """Runs one statement; what it printed. What it raises is kept in ``failures``."""
        output = Output(MOST_OUTPUT)
        try:
            tree = instrumented(fragment, self.sites)
            if self._seed is not None:
                reseed(tree, self._seed)
            code = compile(tree, PROGRAM, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.failures.append(Failure(fragment.line, fragment.line, message_of(error), type(error).__name__))
            return ""
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                with self.recorder.running():
                    _finish(eval(code, self.namespace))
            except BaseException as error:
                line = line_in(error, PROGRAM) or fragment.line
                self.failed.append(fragment)
                columns = columns_in(error, PROGRAM)
                message, kind = message_of(error), type(error).__name__
                operation = self._operation(fragment, message)
                self.failures.append(Failure(fragment.line, line, message, kind, columns, operation))
        return output.getvalue()

    def _operation(self, fragment: Fragment, message: str) -> FailedOperation | None:
        """The operator that raised in an assignment, and the tensors that its names stand for."""
        operator = self.recorder.record.attempted
        if not operator:
            return None
        values = [(name, self.namespace.get(name)) for name in operands(fragment.tree)]
        tensors = [(name, value) for name, value in values if isinstance(value, torch.Tensor)]
        return FailedOperation(
            operator,
            tuple(Operand(name, tuple(tensor.shape)) for name, tensor in tensors),
            tuple(self.recorder.number(tensor) for _, tensor in tensors),
            message,
        )

    def try_functions(self) -> None:
        """Calls, recorded, what the program has not called of its own Functions."""
        output = Output(MOST_OUTPUT)
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), self.recorder.running():
            self.recorder.functions.try_all()

    def _note(self, site: int) -> None:
        if self._loops and site in self._loops:
            self._loops.pop(site).end()
        resting = self._resting.get(site)
        if resting:
            self._resting[site] = resting - 1
            return
        self.names.note(site, sys._getframe(1))
        self.recorder.comparisons.statement_is_over()

    def _measured(self, value: Any, side: int) -> Any:
        if isinstance(value, torch.Tensor):
            with self.recorder.paused(), torch.no_grad():
                self.recorder.comparisons.measured(value, side)
        return value

    def _turns(self, site: int, items: Iterable[Any]) -> Iterator[Any]:
        """The turns of a ``for``; of one that trains some, and its last, in which it may do something else."""
        loop = _Loop(self.recorder.record, training=self.sites[site].training)
        rest = iter(items)
        try:
            for item in rest:
                if not self._enough(site, loop):
                    loop.turn()
                    yield item
                    continue
                for last in _last_of(items, item, rest):
                    loop.turn()
                    yield last
                return
        finally:
            loop.end()

    def _over(self, site: int) -> bool:
        """Whether a ``while`` that trains has had turns enough."""
        loop = self._loops.setdefault(site, _Loop(self.recorder.record, training=self.sites[site].training))
        if self._enough(site, loop):
            return True
        loop.turn()
        return False

    def _enough(self, site: int, loop: _Loop) -> bool:
        if not loop.trains:
            return False
        late = loop.turns >= FEWEST_TURNS and time.monotonic() - loop.started > LONGEST_TRAINING
        if loop.turns >= MOST_TURNS or late:
            self.shortened.add(site)
            return True
        return False


def _finish(awaiting: Coroutine[Any, Any, None] | None) -> None:
    """Runs a statement that awaits, as IPython lets one do, to its end; what needs an event loop finds none."""
    if awaiting is not None:
        with contextlib.suppress(StopIteration):
            while True:
                awaiting.send(None)


def _last_of(items: Iterable[Any], item: Any, rest: Iterator[Any]) -> Iterator[Any]:
    """The last of ``items``, of which ``rest`` comes after ``item``; nothing where it does not come soon."""
    if isinstance(items, range | list | tuple):
        yield items[-1]
        return
    last, end = item, time.monotonic() + LONGEST_SEARCH
    for each in rest:
        if time.monotonic() > end:
            return
        last = each
    yield last


class _Loop:
    """One run of a loop. It trains if that is plain from its text, or once a backward pass has happened in it."""

    def __init__(self, record: Record, *, training: bool) -> None:
        self.started, self.turns = time.monotonic(), 0
        self._record, self._training = record, training
        self._first, self._passes = len(record.steps), len(record.backwards)
        self._told: Training | None = None

    @property
    def trains(self) -> bool:
        """Whether it trains a network."""
        return self._training or len(self._record.backwards) > self._passes

    def turn(self) -> None:
        """Another turn begins."""
        self.turns += 1
        if self.trains and self._told is None:
            self._told = Training(self._first, self._first)
            self._record.trainings.append(self._told)
        if self._told is not None:
            self._told.last = len(self._record.steps)

    def end(self) -> None:
        """No other turn begins."""
        if self._told is not None:
            self._told.end = len(self._record.steps)


def _alias(value: Any) -> Any:
    """A gradient as a tensor of its own, in the same memory; anything else as it is."""
    if type(value) is not torch.Tensor or value.layout is not torch.strided or _keeps_gradient(value):
        return value
    return value.view_as(value)


def _keeps_gradient(tensor: torch.Tensor) -> bool:
    """Whether autograd puts a gradient into ``tensor``, or would not let a view of it be changed."""
    if not tensor.requires_grad:
        return False
    return tensor.is_leaf or tensor.retains_grad or not torch.is_grad_enabled()
