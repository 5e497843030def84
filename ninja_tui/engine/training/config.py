"""What a person wants trained: the choices, and whose gradients are used."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.program import Program

SAMPLING_SEED = 2147483647 + 10
"""The lecture's."""


class Backward(enum.StrEnum):
    """Whose backward pass trains."""

    MANUAL = "manual"
    AUTOGRAD = "autograd"
    BOTH = "both"


class Wrong(enum.StrEnum):
    """What stands for an answer that does not pass."""

    AUTOGRAD = "autograd"
    OWN = "own"


@dataclass(frozen=True)
class Plan:
    """``rates``: the learning rate of the first half of the steps, and of the second. None: the lesson's own."""

    steps: int
    batch_size: int | None = None
    rates: tuple[float, float] | None = None
    seed: int | None = None
    backward: Backward = Backward.MANUAL
    wrong: Wrong = Wrong.AUTOGRAD
    names: int = 20
    sampling_seed: int = SAMPLING_SEED

    @property
    def sides(self) -> tuple[Backward, ...]:
        """The backward passes that train, one after the other or side by side."""
        return (Backward.MANUAL, Backward.AUTOGRAD) if self.backward is Backward.BOTH else (self.backward,)


@dataclass(frozen=True)
class Sources:
    """Where gradients come from: ``answers``, code with its line, in file order; autograd's for ``replaced``.

    ``missing`` and ``wrong`` are the asked nodes without an answer, and those whose answer does not pass.
    """

    answers: tuple[tuple[str, int], ...]
    replaced: tuple[str, ...]
    missing: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def word(self) -> str:
        """What there is to know before it begins; empty where every gradient is the person's and right."""
        parts = [
            f"{_listed(nodes)} {what}"
            for nodes, what in ((self.missing, "missing"), (self.wrong, "wrong"))
            if nodes
        ]  # fmt: skip
        if not parts:
            return ""
        own = [node for node in self.wrong if node not in self.replaced]
        rest = "; the wrong ones train as they are" if own else ""
        stand = "autograd's gradient stands in" if self.replaced else ""
        return f"{', '.join(parts)}: {stand}{rest}".replace(": ; ", ": ")


def sources(lesson: Lesson, program: Program, passes: Mapping[str, bool], wrong: Wrong) -> Sources:
    """What trains ``lesson``: the answers of ``program``, of which ``passes`` tells by node whether they are right."""
    answered = {answer.node for answer in program.answers}
    missing, failing = gaps(lesson, answered, passes)
    read = {name for step in program.steps for name in step.reads}
    needed = [node.name for node in lesson.nodes if node.gradient in read or node.name in lesson.parameters]
    absent = [node for node in needed if node not in answered]
    replaced = (*absent, *(failing if wrong is Wrong.AUTOGRAD else ()))
    return Sources(
        answers=_answers(lesson, program, set(replaced)),
        replaced=tuple(dict.fromkeys(replaced)),
        missing=missing,
        wrong=failing,
    )


def gaps(
    lesson: Lesson, answered: Collection[str], passes: Mapping[str, bool]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The asked nodes that are not among the ``answered``, and those whose answer does not pass."""
    missing = tuple(node for node in lesson.asks if node not in answered)
    return missing, tuple(node for node in lesson.asks if node in answered and not passes.get(node, False))


def _answers(lesson: Lesson, program: Program, replaced: set[str]) -> tuple[tuple[str, int], ...]:
    """The code of ``program``; where a file has another name for a gradient than ``d<node>``, both are bound."""
    own = [node for node in lesson.nodes if node.name in replaced and node.gradient != f"d{node.name}"]
    code = [(f"{node.gradient} = d{node.name}", 0) for node in own]
    for index, step in enumerate(program.steps):
        code.append((step.code, step.line))
        for answer in program.ending_at(index):
            if answer.gradient != f"d{answer.node}" and answer.node not in replaced:
                code.append((f"d{answer.node} = {answer.gradient}", answer.line))
    return tuple(code)


def _listed(nodes: tuple[str, ...]) -> str:
    some = ", ".join(f"d{node}" for node in nodes[:4])
    return f"{some} and {len(nodes) - 4} more are" if len(nodes) > 4 else f"{some} {'are' if len(nodes) > 1 else 'is'}"
