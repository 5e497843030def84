"""A note on a node drawn from the operations that read it, for lessons without notes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from ninja_tui.lesson.hints.rule import Rule
from ninja_tui.lesson.hints.texts import RULES
from ninja_tui.lesson.model import Lesson, Node, NodeNote, Statement
from ninja_tui.lesson.syntax.operations import ELEMENTWISE, Use, uses

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
MOST_PATHS = 4
"""Paths that are described one by one."""
HINTS = 3
LONGEST = 40
"""An operand that takes more characters is not written out."""


def rule_note(lesson: Lesson, node: Node, shapes: Shapes) -> NodeNote:
    """The note on ``node``, from the statements that read it; ``shapes`` may be empty while they are unknown."""
    read = [(lesson.statements[index], use) for index in node.consumers for use in _uses(lesson, index, node.name)]
    if not read:
        read = [(lesson.statements[node.consumers[-1]], Use("other"))]
    notes = [_Description(statement, use, node.name, shapes).note() for statement, use in read[:MOST_PATHS]]
    if len(notes) == 1:
        return notes[0]
    labels = [f"`{' '.join(statement.binds)}`" for statement, _ in read[:MOST_PATHS]]
    hints = [_joined(labels, [note.hints[number] for note in notes]) for number in range(HINTS)]
    hints[0] = f"It is read {len(read)} times, and each reading gives one path.\n{hints[0]}"
    hints[-1] += "\nThen add the paths."
    why = _joined(labels, [note.why for note in notes])
    return NodeNote(
        shape="\n".join(dict.fromkeys(note.shape for note in notes)),
        hints=tuple(hints),
        why=f"{why}\nA change reaches the loss by every path, so they add up.",
        notice="Each path alone has the right shape, and is wrong.",
    )


def _uses(lesson: Lesson, index: int, name: str) -> tuple[Use, ...]:
    return uses(lesson.statements[index].code, name)


def _joined(labels: list[str], texts: list[str]) -> str:
    """``through `probs`: …``, a line each; equal lines once."""
    lines = [f"Through {label}: {text}" for label, text in zip(labels, texts, strict=True)]
    return "\n".join(dict.fromkeys(lines))


class _Description:
    """The note on one use of one node."""

    def __init__(self, statement: Statement, use: Use, name: str, shapes: Shapes) -> None:
        self._use, self._name = use, name
        self._rule: Rule = RULES.get(use.operation, RULES["other"])
        self._bound = statement.binds[0]
        self._plain = not use.outer and not use.inner
        alike = not use.inner and all(step in ELEMENTWISE for step in use.outer)
        self._before = shapes.get(name)
        self._after = shapes.get(self._bound) if alike else None
        self._shapes = shapes

    def note(self) -> NodeNote:
        """The rule with names and shapes put in."""
        rule = self._rule
        around = f" {self._around()}" if self._use.outer or self._use.inner else ""
        derivative = f"{_begun(rule.name)}. {self._filled(rule.derivative)}{around}"
        principle, structure = (self._filled(hint) for hint in rule.ends)
        return NodeNote(
            shape=self._shape(),
            hints=(principle, derivative, structure),
            why=self._filled(rule.why),
            notice=self._filled(rule.notice),
        )

    def _filled(self, text: str) -> str:
        beside = self._use.beside
        words = {
            "x": f"`{self._name}`",
            "y": f"`{self._bound}`" if self._plain else "the result",
            "o": f"`{beside}`" if beside and len(beside) <= LONGEST else "what stands beside it",
            "sum": self._summed(self._before, self._after),
            "batch": self._summed_batches(),
            "count": self._count(),
        }
        return _begun(re.sub(r"\{(\w+)\}", lambda match: words[match[1]], text))

    def _around(self) -> str:
        sentences = []
        if self._use.inner:
            sentences.append(f"Before it: {_named(self._use.inner)}, to be undone last.")
        if self._use.outer:
            sentences.append(
                f"Around it in the same statement, from the inside: {_named(self._use.outer)}. Walk back through that "
                "first; what arrives is the upstream gradient that is meant here."
            )
        return " ".join(sentences)

    def _summed_batches(self) -> str:
        """``, summed over axis 0``: where one matrix has served a whole batch of them."""
        if self._before is None or self._after is None:
            return self._summed(None, None)
        return self._summed(self._before[:-2], self._after[:-2])

    def _summed(self, before: Shape | None, after: Shape | None) -> str:
        """``, summed over axis 0``: where the tensor was spread on the way forward."""
        if before is None or after is None:
            return ", summed over the axes along which it was spread, if any"
        missing, of_size_1 = _spread(before, after)
        parts = [f"summed over {_axes(missing)}"] if missing else []
        parts += [f"summed over {_axes(of_size_1)}, kept with size 1"] if of_size_1 else []
        return f", {' and '.join(parts)}" if parts else ""

    def _count(self) -> str:
        if self._before is None or self._after is None or self._use.outer:
            return "N"
        return str(math.prod(self._before) // max(1, math.prod(self._after)))

    def _shape(self) -> str:
        """How the shapes hang together."""
        before, after, name, bound = self._before, self._after, f"`{self._name}`", f"`{self._bound}`"
        if before is None:
            return f"The gradient has the shape of {name}."
        shape = f"{name} is {before}"
        if after is None:
            return f"{shape}."
        if self._rule.fit == "matmul":
            beside = [f"`{other}` {self._shapes[other]}" for other in self._use.others if other in self._shapes]
            return f"{shape}; {bound} is {after}, beside it {', '.join(beside) or 'no tensor'}: only one product fits."
        if before == after:
            return f"{shape}; {bound} has the same: entry by entry."
        if self._rule.fit in ("broadcast", "same"):
            axes = [axis for axes in _spread(before, after) for axis in axes]
            if axes:
                return f"{shape}; {bound} is {after}: it was spread along {_axes(axes)}."
        if self._rule.fit == "moved":
            return f"{shape}; {bound} holds the same entries as {after}."
        return f"{shape}; {bound} is {after}."


def _spread(before: Shape, after: Shape) -> tuple[list[int], list[int]]:
    """The axes of ``after`` along which ``before`` was broadcast: those that it does not have, and those of size 1."""
    lead = len(after) - len(before)
    if lead < 0:
        return [], []
    of_size_1 = [axis for axis in range(lead, len(after)) if before[axis - lead] == 1 and after[axis] != 1]
    return list(range(lead)), of_size_1


def _axes(axes: list[int]) -> str:
    return f"ax{'e' if len(axes) > 1 else 'i'}s {', '.join(map(str, axes))}"


def _named(steps: tuple[str, ...]) -> str:
    return ", ".join(RULES.get(step, RULES["other"]).name for step in steps)


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:] if not text.startswith("`") else text
