"""What one training step is made of: minibatch, forward pass, the person's answers, autograd, update."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.training.config import Backward
from ninja_tui.engine.training.step import PREFIX, Part, StepFragment, split
from ninja_tui.lesson.model import gradient_name
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.pure import BY_ANY_NAME, only_computes


@dataclass(frozen=True)
class Recipe:
    """The statements of one training step.

    ``replaced`` are the nodes whose gradient is autograd's: all parameters, where there are no ``answers``.
    ``reshaped`` are the parameters whose gradient has another shape and as many elements.
    """

    minibatch: tuple[StepFragment, ...]
    forward: tuple[StepFragment, ...]
    answers: tuple[StepFragment, ...]
    parameters: tuple[str, ...]
    loss: str
    replaced: tuple[str, ...] = ()
    reshaped: frozenset[str] = frozenset()

    @property
    def with_autograd(self) -> bool:
        """Whether the forward pass is recorded for autograd."""
        return bool(self.replaced)

    @property
    def backward(self) -> tuple[StepFragment, ...]:
        """Everything behind the forward pass."""
        return (*self.autograd(), *self.answers, *self.update())

    def statements(self) -> tuple[StepFragment, ...]:
        """The statements of one step, in order."""
        return (*self.minibatch, *self.forward, *self.backward)

    def autograd(self) -> tuple[StepFragment, ...]:
        """The statement that takes autograd's gradients; they are copies where answers might change them."""
        if not self.replaced:
            return ()
        names = ", ".join(gradient_name(node) for node in self.replaced)
        call = f"torch.autograd.grad({self.loss}, [{', '.join(self.replaced)}])"
        if self.answers:
            call = f"[{PREFIX}each.clone() for {PREFIX}each in {call}]"
        if any(statement.part is Part.AUTOGRAD for statement in self.answers):
            names += "] = [" + ", ".join(f"{PREFIX}{gradient_name(node)}" for node in self.replaced)
        return (StepFragment.generated(Part.AUTOGRAD, f"[{names}] = {call}"),)

    def update(self) -> tuple[StepFragment, ...]:
        """``p += -lr * dp`` for every parameter, in one call."""
        parameters = ", ".join(f"{PREFIX}{name}" for name in self.parameters)
        gradients = ", ".join(
            f"{gradient_name(name)}.reshape({name}.shape)" if name in self.reshaped else gradient_name(name)
            for name in self.parameters
        )
        code = f"torch._foreach_add_([{parameters}], [{gradients}], alpha=-{PREFIX}rate)"
        return (StepFragment.generated(Part.UPDATE, code),)


def split_all(fragments: Sequence[Fragment], part: Part) -> tuple[StepFragment, ...]:
    """The top-level statements of ``fragments``; raises SyntaxError."""
    return tuple(statement for fragment in fragments for statement in split(fragment, part))


def recipe_of(
    code: LessonCode, answers: Sequence[StepFragment], backward: Backward, replaced: tuple[str, ...]
) -> Recipe:
    """The step of a lesson.

    Raises SyntaxError, and Refused where a parameter has no gradient.
    """
    used: tuple[StepFragment, ...] = ()
    if backward is Backward.AUTOGRAD:
        replaced = code.parameters
    else:
        used = without_replaced(answers, replaced, {gradient_name(node) for node in code.nodes})
        bound = {name for statement in used for name in statement.binds} | {gradient_name(node) for node in replaced}
        missing = [gradient_name(name) for name in code.parameters if gradient_name(name) not in bound]
        if missing:
            raise Refused(f"no answer gives {', '.join(missing)}")
    return Recipe(
        minibatch=split_all(code.minibatch, Part.MINIBATCH),
        forward=split_all(code.statements, Part.FORWARD),
        answers=used,
        parameters=code.parameters,
        loss=code.loss,
        replaced=replaced,
    )


def without_replaced(
    answers: Sequence[StepFragment], replaced: Collection[str], gradients: Collection[str]
) -> tuple[StepFragment, ...]:
    """``answers`` without what only serves the gradients of ``replaced`` nodes, which autograd gives.

    ``gradients`` are all names that answers may bind (``dlogits``). A statement that gives others too stays, and
    autograd's gradient is put in its place behind it.
    """
    substituted = {gradient_name(node) for node in replaced}
    statements: list[StepFragment] = []
    for statement in answers:
        bound = statement.binds & set(gradients)
        if bound and bound <= substituted:
            continue
        statements.append(statement)
        for name in sorted(bound & substituted):
            statements.append(StepFragment.generated(Part.AUTOGRAD, f"{name} = {PREFIX}{name}"))
    return live(statements, set(gradients)) if len(statements) < len(answers) else tuple(statements)


def live(
    statements: Sequence[StepFragment], wanted: set[str], after: Sequence[StepFragment] = ()
) -> tuple[StepFragment, ...]:
    """``statements`` without those that compute, and do nothing else, what neither ``wanted`` nor ``after`` reads."""
    if any(statement.reads & BY_ANY_NAME for statement in (*statements, *after)):
        return tuple(statements)
    names = set(wanted)
    for statement in after:
        names |= statement.reads | statement.binds
    needed: list[StepFragment] = []
    for statement in reversed(statements):
        if statement.binds & names or not only_computes(statement.statements[0]):
            needed.append(statement)
            names |= statement.reads | statement.binds
    return tuple(reversed(needed))
