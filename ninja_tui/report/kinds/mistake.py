"""A kind of mistake as it is explained to people."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.protocol.verdict import Kind


@dataclass(frozen=True)
class Network:
    """A small forward pass, as the cells of a lesson."""

    setup: str
    forward: str
    minibatch: str = ""

    @property
    def lesson(self) -> str:
        """The text of a lesson's ``forward.py``."""
        drawn = f"# %% minibatch\n{self.minibatch}\n" if self.minibatch else ""
        return f"# %% setup\nimport torch\n\n{self.setup}\n{drawn}# %% forward\n{self.forward}"

    @property
    def code(self) -> str:
        """What a reader needs of it: where its tensors come from, then the statements."""
        setup = [line for line in self.setup.splitlines() if not line.startswith("parameters = ")]
        return "\n".join([*setup, *self.minibatch.splitlines(), "", *self.forward.splitlines()]) + "\n"


@dataclass(frozen=True)
class Example:
    """A wrong answer to the gradient of ``node``, and the right one in its place.

    ``before`` are right answers, from which both go on. ``message`` is the sentence on the wrong one.
    """

    network: Network
    node: str
    before: str
    wrong: str
    message: str
    right: str

    @property
    def wrong_answers(self) -> str:
        """A solutions file with the mistake."""
        return self.before + self.wrong

    @property
    def right_answers(self) -> str:
        """A solutions file without it."""
        return self.before + self.right


@dataclass(frozen=True)
class Mistake:
    """A kind of mistake: a ``title``, what it means, an example, and its ``cure``: what to think of."""

    kind: Kind
    title: str
    meaning: str
    example: Example
    cure: str
