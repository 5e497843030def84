"""Values for the fake backend: of lessons that have not run, and of tensors that are not there."""

from __future__ import annotations

import ast
import functools
import math

from ninja_tui.engine.evaluate.bench import Facts
from ninja_tui.engine.protocol.views import (
    Frame,
    Slice,
    Window,
    WorstElement,
    table_width,
)
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.solutions import read_solutions

NAMES: dict[str, tuple[int, ...] | str] = {
    "torch": "module", "F": "module", "seed": "int", "words": "list", "stoi": "dict", "n": "int", "g": "Generator",
    "C": (27, 10), "W1": (30, 64), "b1": (64,), "W2": (64, 27), "b2": (27,), "bngain": (1, 64), "bnbias": (1, 64),
    "Xb": (32, 3), "Yb": (32,), "emb": (32, 3, 10), "embcat": (32, 30), "hprebn": (32, 64), "bnmeani": (1, 64),
    "bndiff": (32, 64), "bndiff2": (32, 64), "bnvar": (1, 64), "bnvar_inv": (1, 64), "bnraw": (32, 64),
    "hpreact": (32, 64), "h": (32, 64), "logits": (32, 27), "logit_maxes": (32, 1), "norm_logits": (32, 27),
    "counts": (32, 27), "counts_sum": (32, 1), "counts_sum_inv": (32, 1), "probs": (32, 27), "logprobs": (32, 27),
    "loss": (),
}  # fmt: skip
"""What the lesson ``names`` binds: the shapes of its tensors, and other kinds."""
ATTRIBUTES = {
    "torch": ("zeros", "zeros_like", "ones_like", "float32"),
    "F": ("one_hot", "softmax"),
    "Tensor": ("sum", "shape", "softmax", "sum_to_size"),
}
"""Some of what may follow a dot."""
ANY_SHAPE = (4, 3)
"""The shape of every node of another lesson."""


@functools.cache
def lesson_of(name: str) -> Lesson:
    """A lesson, read once."""
    return open_lesson(name)


@functools.cache
def solution_of(name: str) -> dict[str, str]:
    """The lesson's own answer to each node."""
    lesson = lesson_of(name)
    if lesson.solution is None:
        return {}
    nodes = [node.name for node in lesson.nodes]
    answers = read_solutions(lesson.solution, lesson.name).answers(lesson.name, nodes)
    return {node: answer.code for node, answer in answers.items()}


@functools.cache
def facts_of(name: str) -> Facts:
    """What running the lesson gives."""
    lesson = lesson_of(name)
    names: dict[str, tuple[int, ...] | str] = NAMES
    if lesson.name != "names":
        names = {node.name: ANY_SHAPE for node in lesson.nodes}
    shapes = {node.name: names[node.name] for node in lesson.nodes}
    known = {node: shape for node, shape in shapes.items() if isinstance(shape, tuple)}
    return Facts(3.5222, 1, "2.0", known, names, attributes=ATTRIBUTES)


def same_code(first: str, second: str) -> bool:
    """Whether two pieces of Python differ by their layout alone."""
    return ast.dump(ast.parse(first)) == ast.dump(ast.parse(second))


def sliced_shape(shape: tuple[int, ...], slices: tuple[int | Slice, ...]) -> tuple[int, ...]:
    """The shape of ``tensor[slices]``; raises IndexError where they do not fit."""
    rest = list(shape[len(slices) :])
    if len(slices) > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    sliced = []
    for dimension, (size, each) in enumerate(zip(shape, slices, strict=False)):
        if isinstance(each, Slice):
            sliced.append(len(range(*slice(each.start, each.stop, each.step).indices(size))))
        elif not -size <= each < size:
            raise IndexError(f"index {each} is out of bounds for dimension {dimension} with size {size}")
    return (*sliced, *rest)


def _table(shape: tuple[int, ...]) -> tuple[int, int]:
    return math.prod(shape) // table_width(shape), table_width(shape)


def heatmap_of(shape: tuple[int, ...], frame: Frame) -> tuple[tuple[float | None, ...], ...]:
    """Stripes, as large as the tensor and the frame allow."""
    height, width = _table(shape)
    row = tuple((-1) ** column / (1 + column) for column in range(min(width, frame.heat_columns)))
    return (row,) * min(height, frame.heat_rows)


def window_of(shape: tuple[int, ...], frame: Frame, worst: WorstElement | None) -> Window:
    """Each element is its row; the worst element is its size. The window stays inside, as the real one does."""
    height, width = _table(shape)
    row = max(0, min(frame.row, height - frame.rows))
    column = max(0, min(frame.column, width - frame.columns))

    def element(at: int, across: int) -> float:
        is_worst = worst is not None and worst.index == (at, across)
        return worst.size if worst is not None and is_worst else at + 0.5

    rows, columns = range(row, min(height, row + frame.rows)), range(column, min(width, column + frame.columns))
    return Window(row, column, tuple(tuple(element(at, across) for across in columns) for at in rows))
