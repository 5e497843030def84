"""What a node's card asks, from the graph alone: who reads the tensor, and whose gradient is wanted."""

from __future__ import annotations

from collections.abc import Mapping

from ninja_tui.lesson.locations import place
from ninja_tui.lesson.model import Lesson, Node
from ninja_tui.lesson.syntax.operations import uses

COUNTS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
TIMES = ("", "", ", twice", ", three times", ", four times")
MOST_READERS = 4
"""Readers that are named."""


def question(lesson: Lesson, node: Node, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Asks for the gradient of ``node``; ``shapes`` may be empty while they are unknown."""
    count = len(node.consumers)
    counted = COUNTS[count] if count < len(COUNTS) else str(count)
    read = f"{counted} statements read `{node.name}`: {_readers(lesson, node)}."
    if count == 1:
        read = f"Only {_readers(lesson, node)} reads `{node.name}`."
    shape = f", of shape {shapes[node.name]}" if node.name in shapes else ""
    return f"{read} What is the gradient of the loss with respect to `{node.name}`{shape}?"


def _readers(lesson: Lesson, node: Node) -> str:
    """``counts_sum (line 86) and probs (line 88)``, in the order of the statements."""
    indices = sorted(node.consumers)
    named = indices if len(indices) <= MOST_READERS else indices[: MOST_READERS - 1]
    readers = [_reader(lesson, index, node.name) for index in named]
    if len(named) < len(indices):
        readers.append(f"{len(indices) - len(named)} more")
    return " and ".join(filter(None, (", ".join(readers[:-1]), readers[-1])))


def _reader(lesson: Lesson, index: int, name: str) -> str:
    statement = lesson.statements[index]
    count = len(uses(statement.code, name))
    times = TIMES[count] if count < len(TIMES) else f", {count} times"
    bound = ", ".join(f"`{each}`" for each in statement.binds)
    return f"{bound} ({place(statement.line, lesson.starts)}{times})"
