"""A lesson as data: its cells, its statements and the nodes of its backward walk."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path

from ninja_tui.lesson.syntax.fragment import Fragment


def gradient_name(node: str) -> str:
    """The name of a node's gradient, as the lecture has it: ``dprobs`` of ``probs``."""
    return f"d{node}"


@dataclass(frozen=True)
class Cell:
    """One cell of a percent script: its title, its code and the file's line of the code's first line.

    ``pieces`` are set where it is put together from statements that stand anywhere in the file.
    """

    title: str
    source: str
    line: int
    pieces: tuple[Fragment, ...] = ()

    @property
    def fragments(self) -> tuple[Fragment, ...]:
        """What runs: ``pieces``, or else the whole cell."""
        return self.pieces or (Fragment.at(self.source, self.line),)


@dataclass(frozen=True)
class Statement(Fragment):
    """One statement of the forward pass: one step of the forward walk. Its lines count in the lesson's file.

    ``reads`` holds the tensors and other names of its right-hand side, each once, in the order in which
    they are read.
    """

    index: int
    binds: tuple[str, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """A tensor that needs a gradient: bound by ``statement``, or a parameter (``statement`` is None).

    ``consumers`` are the indices of the statements that read it; each gives one path of its gradient.
    ``gradient`` is the name that an answer binds: by default ``gradient_name(name)``.
    """

    name: str
    statement: int | None
    consumers: tuple[int, ...]
    gradient: str = ""

    def __post_init__(self) -> None:
        if not self.gradient:
            object.__setattr__(self, "gradient", gradient_name(self.name))


@dataclass(frozen=True)
class NodeNote:
    """The notes on a node of the backward walk.

    The three ``hints`` are the principle, the local derivative, and the structure of the answer. ``unknown`` are the
    labels of what has no place on the card.
    """

    shape: str = ""
    hints: tuple[str, ...] = ()
    why: str = ""
    notice: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notes:
    """The notes of a lesson: by forward statement, at the turn, and by node on the way back.

    ``chapter`` is the lecture that the lesson goes with (``makemore 4: becoming a backprop ninja``), and ``part`` what
    it is there (``exercise 1``); both may be empty.
    """

    chapter: str = ""
    part: str = ""
    intro: str = ""
    forward: dict[str, str] = field(default_factory=dict)
    turn: str = ""
    backward: dict[str, NodeNote] = field(default_factory=dict)


class Origin(enum.Enum):
    """Where a lesson comes from."""

    AUTHORED = enum.auto()
    """A script whose cells are titled ``setup``, ``minibatch`` and ``forward``."""
    DISCOVERED = enum.auto()
    """A script or notebook of any form."""


@dataclass(frozen=True)
class Lesson:
    """A forward pass to walk. ``nodes`` stand in walk order; ``asks`` are those that the person answers.

    ``calibrate`` and ``predict`` are what sampling needs: statistics of the training set, and the logits of a context.
    ``textbook`` answers some nodes once more in the form that people know, where that of ``solution`` is the exact one.
    In a notebook the cells begin in the lines ``starts``; ``hints`` names, for a line of its set-up, what depends on
    it and could be defined in its place.
    """

    name: str
    path: Path
    setup: Cell
    minibatch: Cell
    forward: Cell
    calibrate: Cell | None
    predict: Cell | None
    statements: tuple[Statement, ...]
    nodes: tuple[Node, ...]
    parameters: tuple[str, ...]
    asks: tuple[str, ...]
    numbers: dict[str, int]
    notes: Notes
    solution: Path | None
    textbook: Path | None = None
    origin: Origin = Origin.AUTHORED
    starts: tuple[int, ...] = ()
    hints: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def loss(self) -> str:
        """The name that the last statement binds."""
        return self.statements[-1].binds[0]

    @property
    def gradients(self) -> dict[str, str]:
        """The names of the gradients by node, and that of the loss."""
        return {self.loss: gradient_name(self.loss)} | {node.name: node.gradient for node in self.nodes}

    def number(self, name: str, otherwise: int | str) -> str:
        """A whole number that the set-up binds to ``name``, as text; ``otherwise`` where it binds none."""
        return str(self.numbers.get(name, otherwise))

    def node(self, name: str) -> Node:
        """The node of that name; raises KeyError for a name that is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def upstream(self, node: Node) -> tuple[str, ...]:
        """The names whose gradients flow into ``node``: what its consumers bind, in walk order."""
        bound = {name for index in node.consumers for name in self.statements[index].binds}
        order = [self.loss, *(other.name for other in self.nodes)]
        return tuple(name for name in order if name in bound)
