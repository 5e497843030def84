"""The choices for a training, and where its gradients come from."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ninja_tui.lesson.model import Lesson, gradient_name
from ninja_tui.lesson.program import Program
from ninja_tui.lesson.syntax.fragment import Fragment

SAMPLING_SEED = 2147483647 + 10
"""The lecture's, from which names are sampled."""
MOST_STEPS = 100_000_000


class Backward(enum.StrEnum):
    """The backward pass that trains."""

    MANUAL = "manual"
    AUTOGRAD = "autograd"
    BOTH = "both"


class Engine(enum.StrEnum):
    """How steps run: as Python, or as compiled C; AUTO compiles a long training."""

    EAGER = "eager"
    COMPILED = "compiled"
    AUTO = "auto"


class Wrong(enum.StrEnum):
    """The gradient that trains in the place of one that does not pass."""

    AUTOGRAD = "autograd"
    AS_IS = "own"


@dataclass(frozen=True)
class Plan:
    """``rates``: the learning rate of the first half of the steps, and of the second. None: the lesson's.

    ``names`` are sampled at the end, and ``previews`` about every second on the way there.
    """

    steps: int
    batch_size: int | None = None
    rates: tuple[float, float] | None = None
    seed: int | None = None
    backward: Backward = Backward.MANUAL
    wrong: Wrong = Wrong.AUTOGRAD
    names: int = 20
    previews: int = 0
    sampling_seed: int = SAMPLING_SEED

    @property
    def sides(self) -> tuple[Backward, ...]:
        """The backward passes that train, side by side."""
        return (Backward.MANUAL, Backward.AUTOGRAD) if self.backward is Backward.BOTH else (self.backward,)


@dataclass(frozen=True)
class Sources:
    """Where gradients come from: ``answers``, in file order; autograd for the nodes ``replaced``.

    ``missing`` and ``wrong`` are the asked nodes without an answer, and those whose answer does not pass.
    """

    answers: tuple[Fragment, ...]
    replaced: tuple[str, ...]
    missing: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def message(self) -> str:
        """A sentence on the gradients that are missing or wrong; empty where there are none."""
        parts = [
            f"{_listed(nodes)} {what}"
            for nodes, what in ((self.missing, "missing"), (self.wrong, "wrong"))
            if nodes
        ]  # fmt: skip
        if not parts:
            return ""
        as_is = [node for node in self.wrong if node not in self.replaced]
        rest = "; the wrong ones train as they are" if as_is else ""
        instead = "autograd's gradient stands in" if self.replaced else ""
        return f"{', '.join(parts)}: {instead}{rest}".replace(": ; ", ": ")


def sources(lesson: Lesson, program: Program, passes: Mapping[str, bool], wrong: Wrong) -> Sources:
    """What trains ``lesson``: the answers of ``program``; ``passes`` has by node whether its answer passes."""
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


def _answers(lesson: Lesson, program: Program, replaced: set[str]) -> tuple[Fragment, ...]:
    """The code of ``program``; where a file gives a gradient another name than the usual one, both are bound."""
    code: list[Fragment] = []
    for node in lesson.nodes:
        usual = gradient_name(node.name)
        if node.name in replaced and node.gradient != usual:
            code.append(Fragment.at(f"{node.gradient} = {usual}", 0))
    for index, step in enumerate(program.steps):
        code.append(Fragment(step.code, step.line, step.end_line))
        for answer in program.ending_at(index):
            usual = gradient_name(answer.node)
            if answer.gradient != usual and answer.node not in replaced:
                code.append(Fragment.at(f"{usual} = {answer.gradient}", answer.line))
    return tuple(code)


def _listed(nodes: tuple[str, ...]) -> str:
    names = ", ".join(map(gradient_name, nodes[:4]))
    if len(nodes) > 4:
        return f"{names} and {len(nodes) - 4} more are"
    return f"{names} {'are' if len(nodes) > 1 else 'is'}"
