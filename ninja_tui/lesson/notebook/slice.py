"""The backward slice of a track: the statements that a value needs."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ninja_tui.lesson.notebook.linearize import Track
from ninja_tui.lesson.syntax.displays import without_displays
from ninja_tui.lesson.syntax.effects import Effects, FileContext, elements_of
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.names import reads
from ninja_tui.lesson.syntax.parameters import listed_names, requires_grad

DRAWS = (
    "randint", "randperm", "multinomial", "random.choice", "random.sample", "next(iter", "choices", "get_batch",
)  # fmt: skip


class EffectsOf:
    """The effects of statements, without the prints and plots inside them: each is looked at once for all tracks."""

    def __init__(self, context: FileContext) -> None:
        self._context = context
        self._known: dict[int, tuple[Fragment, Effects]] = {}

    def __call__(self, fragment: Fragment) -> Effects:
        """What ``fragment`` does."""
        if id(fragment) not in self._known:
            self._known[id(fragment)] = (fragment, Effects(without_displays(fragment), self._context))
        return self._known[id(fragment)][1]


@dataclass(frozen=True)
class Dataflow:
    """The effects of each statement of a track, of which ``start`` to ``end`` are its main part.

    ``loop``: that is one turn of a training loop. Names that are ``predefined`` come from elsewhere.
    """

    effects: tuple[Effects, ...]
    start: int
    end: int
    loop: bool
    predefined: frozenset[str] = frozenset()

    @classmethod
    def of(cls, track: Track, known: EffectsOf, predefined: frozenset[str] = frozenset()) -> Dataflow:
        """The data flow of ``track``, without the prints and plots inside its statements."""
        return cls(tuple(map(known, track.fragments)), track.start, track.end, track.loop, predefined)

    def slice(self, names: Collection[str], stop: int, without: Collection[int] = ()) -> list[int]:
        """The statements before ``stop`` that give ``names`` their values, in order; ``without`` leaves some out."""
        wanted = set(names)
        return [index for index in self._back_from(stop) if index not in without and self._gives(index, wanted)][::-1]

    def leading_to(self, names: Collection[str], stop: int) -> set[int]:
        """The statements that each of ``names`` needs up to the last one before ``stop`` that binds or changes it."""
        left, wanted = set(names), set[str]()
        indices: set[int] = set()
        for index in self._back_from(stop):
            effects = self.effects[index]
            last = left & (effects.defines | effects.direct_changes)
            left -= last
            wanted |= last
            if self._gives(index, wanted):
                indices.add(index)
        return indices

    def _back_from(self, stop: int) -> Iterator[int]:
        """The statements before ``stop`` that are not only for people, the last one first."""
        return (index for index in range(stop - 1, -1, -1) if not self.effects[index].displays)

    def _gives(self, index: int, wanted: set[str]) -> bool:
        """Whether a statement gives any of ``wanted`` its value; these are then what is wanted before it."""
        effects = self.effects[index]
        wanted -= self.predefined
        touched = effects.defines | effects.changes
        if touched.isdisjoint(wanted) and "*" not in touched:
            return False
        wanted -= effects.kills
        wanted |= effects.reads | (effects.changes & touched - effects.defines)
        return True

    def last_binding(self, name: str, before: int) -> int | None:
        """The last statement before ``before`` that binds or changes ``name``."""
        for index in range(before - 1, -1, -1):
            effects = self.effects[index]
            if not effects.displays and name in effects.defines | effects.direct_changes:
                return index
        return None

    def defined_by(self, indices: Collection[int]) -> set[str]:
        """The names that the statements ``indices`` define."""
        return {name for index in indices for name in self.effects[index].defines}

    def read_by(self, indices: Collection[int]) -> set[str]:
        """The names that the statements ``indices`` read."""
        return {name for index in indices for name in self.effects[index].reads}

    def list_before(self, name: str, stop: int) -> tuple[str, ...]:
        """The names in the list ``name``, as the last statement before ``stop`` that binds it has them."""
        for effects in reversed(self.effects[:stop]):
            match effects.tree:
                case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name:
                    return listed_names(value)
        return ()


def parameters_of(flow: Dataflow, stop: int) -> dict[str, int]:
    """The tensors that need gradients, each with the statement after which it does, in file order."""
    parameters: dict[str, int] = {}
    for index, effects in enumerate(flow.effects[:stop]):
        required = requires_grad(effects.tree)
        listed = (name for each in required.lists for name in flow.list_before(each, index))
        for name in (*required.names, *listed):
            parameters.pop(name, None)
            parameters[name] = index
    return parameters


def only_prepares(effects: Effects, parameters: Collection[str]) -> bool:
    """Whether a statement only gathers parameters, or asks for their gradients."""
    match effects.tree:
        case ast.Assign(targets=[ast.Name()], value=value) if elements_of(value):
            return set(reads(value)) <= set(parameters)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))) if name.endswith("_"):
            changes = effects.direct_changes
            return bool(changes) and changes <= set(parameters)  # autograd lets no leaf be changed otherwise
    code = effects.fragment.code
    return "requires_grad" in code and "for" in code


def draws(effects: Effects) -> bool:
    """Whether a statement draws at random."""
    return any(word in effects.fragment.code for word in DRAWS)


def seeds(effects: Effects) -> bool:
    """Whether a statement seeds a generator."""
    return isinstance(effects.tree, ast.Expr) and "seed" in effects.fragment.code
