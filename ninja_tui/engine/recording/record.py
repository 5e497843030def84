"""What a program did to tensors, as data: operations on numbered values, each of which never changes.

A change in place gives its tensor a new value. So any part of a record can be computed again, on other values.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch

Number = int
"""Stands for one value of one tensor."""


class Use(NamedTuple):
    """In the place of a tensor among the arguments of an operation: the value that it had."""

    number: Number


class Root(enum.Enum):
    """Where a value comes from that no recorded operation has computed."""

    OUTSIDE = enum.auto()
    """From NumPy, a file, or from before the recording."""
    LITERAL = enum.auto()
    """From numbers in the code."""
    DRAWN = enum.auto()
    """From a random number generator."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of this ``dtype`` that was there, or was drawn.

    ``value`` is a copy, in float64 where it was written so.
    """

    number: Number
    value: torch.Tensor
    root: Root
    dtype: torch.dtype
    draw: Operation | None = None

    @property
    def outputs(self) -> tuple[Number, ...]:
        """The value that it stands for."""
        return (self.number,)

    @property
    def inputs(self) -> tuple[Number, ...]:
        """There are none."""
        return ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A call of an operator. ``outputs`` has a number for each tensor that it returns, None for anything else.

    ``changed`` are places among the arguments of tensors that it changed, each with the number of the value after.
    ``tracked``: autograd was on; ``engine``: autograd itself has called it, in a backward pass.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: tuple[Number, ...]
    returned: tuple[Number | None, ...]
    changed: tuple[tuple[int | str, Number], ...] = ()
    tracked: bool = True
    engine: bool = False

    @property
    def outputs(self) -> tuple[Number, ...]:
        """The values that it makes."""
        return (*(each for each in self.returned if each is not None), *(number for _, number in self.changed))


@dataclass(frozen=True, slots=True)
class Backward:
    """A backward pass of autograd from ``loss`` with the gradient ``seed`` (None: 1), after ``step`` steps."""

    loss: Number
    seed: Number | None
    step: int


@dataclass(frozen=True, slots=True)
class Escape:
    """A value that became Python's number after ``step`` steps; ``decides``: it was a truth value."""

    number: Number
    step: int
    decides: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value that met a gradient of autograd's: ``actual`` with that of ``owner``; ``reference`` is what it was.

    ``line`` is where, in the program; 0 where that is not known.
    """

    actual: Number
    owner: Number
    value: torch.Tensor
    reference: torch.Tensor
    step: int
    line: int = 0


@dataclass(slots=True)
class Training:
    """A loop that trains: its first turn began before step ``first``, its last one before ``last``."""

    first: int
    last: int
    end: int | None = None

    def is_over(self, step: int) -> bool:
        """Whether a step belongs to a turn that another one followed."""
        return self.first <= step < self.last

    def is_last(self, step: int) -> bool:
        """Whether a step belongs to the last turn."""
        return self.last <= step and not self.is_after(step)

    def is_after(self, step: int) -> bool:
        """Whether a step came after the loop."""
        return self.end is not None and step >= self.end


@dataclass(frozen=True, slots=True)
class FunctionInput:
    """An argument of an ``autograd.Function``'s forward pass; ``number`` is None for what is no tensor.

    ``needed``: a gradient of it was asked for.
    """

    name: str
    number: Number | None
    needed: bool


@dataclass(frozen=True, slots=True)
class FunctionOutput:
    """What such a forward pass returned; ``differentiable``: a gradient may flow into it."""

    number: Number | None
    differentiable: bool


@dataclass(frozen=True, slots=True)
class BackwardRun:
    """One call of an ``autograd.Function``'s own backward: the gradients that it was given, and that it returned.

    It took the steps from ``first`` to before ``last``. ``error`` is what it raised. ``changes_upstream``: it has
    changed a gradient that it was given in place.
    """

    upstream: tuple[Number | None, ...]
    returned: tuple[Number | None, ...]
    first: int
    last: int
    error: str = ""
    changes_upstream: bool = False


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """One call of an ``autograd.Function``. Its forward pass took the steps from ``first`` to before ``last``.

    ``line`` is that of the ``return`` in its backward, ``upstream_names`` are the names of the gradients there.
    ``values`` are those of its inputs, None for what is no tensor; there are none for a call that is like others
    before it. ``own``: it is no library's. ``tried``: nobody asked for gradients, and we did, for all of them.
    ``backward`` is None where autograd has not come by.
    """

    name: str
    line: int
    inputs: tuple[FunctionInput, ...]
    outputs: tuple[FunctionOutput, ...]
    first: int
    last: int
    upstream_names: tuple[str, ...] = ()
    own: bool = True
    tried: bool = False
    values: tuple[torch.Tensor | None, ...] = ()
    backward: BackwardRun | None = None


@dataclass
class Record:
    """Steps in the order in which they happened.

    ``made_by`` has the step of each value; ``before`` the value that a change in place replaced. ``parameters`` are
    values of leaves of autograd, ``read`` the owner of each gradient that was read from a ``.grad``, ``escapes`` are
    values that left the record, and ``indices`` whole numbers among those. ``attempted`` is the name of an operator
    that raised, ``trainings`` are loops, ``functions`` the calls of ``autograd.Function``s.
    """

    steps: list[Leaf | Operation] = field(default_factory=list)
    made_by: list[int] = field(default_factory=list)
    before: dict[Number, Number] = field(default_factory=dict)
    parameters: dict[Number, bool] = field(default_factory=dict)
    read: dict[Number, Number] = field(default_factory=dict)
    backwards: list[Backward] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    escapes: list[Escape] = field(default_factory=list)
    indices: set[Number] = field(default_factory=set)
    attempted: str = ""
    trainings: list[Training] = field(default_factory=list)
    functions: list[FunctionCall] = field(default_factory=list)

    def new(self) -> Number:
        """The number of a value that the next step makes."""
        self.made_by.append(len(self.steps))
        return len(self.made_by) - 1

    def drop_after(self, step: int) -> None:
        """Drops the steps from ``step`` on, with their values."""
        del self.steps[step:]
        while self.made_by and self.made_by[-1] >= step:
            self.made_by.pop()
        known = len(self.made_by)
        for numbers in (self.before, self.parameters, self.read):
            for number in [each for each in numbers if each >= known]:
                del numbers[number]
        self.escapes = [each for each in self.escapes if each.number < known]
        self.indices = {each for each in self.indices if each < known}
        self.comparisons = [each for each in self.comparisons if each.actual < known]
        self.backwards = [each for each in self.backwards if each.loss < known]
        self.functions = [each for each in self.functions if each.last <= step]

    def step_of(self, number: Number) -> Leaf | Operation:
        """The step that made a value."""
        return self.steps[self.made_by[number]]

    def needed(self, wanted: Iterable[Number], known: Container[Number] = ()) -> list[int]:
        """The steps that compute ``wanted`` from ``known`` values, in order."""
        steps = set[int]()
        waiting = [number for number in wanted if number not in known]
        while waiting:
            number = waiting.pop()
            step = self.made_by[number]
            if step in steps:
                continue
            steps.add(step)
            waiting += [each for each in self.steps[step].inputs if each not in known]
        return sorted(steps)

    def ancestors(self, number: Number, boundary: Container[Number] = ()) -> set[Number]:
        """All values that ``number`` was computed from, and itself; nothing beyond a ``boundary``."""
        reached = {number}
        waiting = [number]
        while waiting:
            for each in self.step_of(waiting.pop()).inputs:
                if each not in reached:
                    reached.add(each)
                    if each not in boundary:
                        waiting.append(each)
        return reached

    def is_over(self, number: Number) -> bool:
        """Whether a value was computed in a turn of training that another turn followed."""
        return any(each.is_over(self.made_by[number]) for each in self.trainings)

    def versions(self, number: Number) -> Iterator[Number]:
        """``number`` and the values that its tensor had before, the latest first."""
        at: Number | None = number
        while at is not None:
            yield at
            at = self.before.get(at)
