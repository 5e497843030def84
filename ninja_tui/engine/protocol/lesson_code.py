"""What a worker needs of a lesson."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.lesson.model import Lesson, Origin
from ninja_tui.lesson.read import is_bundled
from ninja_tui.lesson.syntax.fragment import Fragment


@dataclass(frozen=True)
class Flow:
    """The names that one statement binds and reads."""

    binds: tuple[str, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True)
class LessonCode:
    """A lesson's cells and graph, and the choices of this session: ``seed``, and ``served`` texts by file name.

    ``graph`` has a ``Flow`` for each statement. ``discovered``: the code comes from a script or notebook of any
    form, and ``starts`` are the lines in which a notebook's cells begin. ``hints`` has, by line of the set-up, the
    names that a person can define in the place of what that line cannot give. ``bundled``: it is one of our own.
    """

    where: str
    setup: tuple[Fragment, ...]
    minibatch: tuple[Fragment, ...]
    statements: tuple[Fragment, ...]
    graph: tuple[Flow, ...]
    nodes: tuple[str, ...]
    parameters: tuple[str, ...]
    loss: str
    gradients: dict[str, str]
    seed: int | None
    served: dict[str, str]
    discovered: bool = False
    starts: tuple[int, ...] = ()
    hints: dict[int, tuple[str, ...]] | None = None
    bundled: bool = False

    def hint(self, line: int) -> str:
        """What a person can define in the place of what the piece of the set-up in ``line`` cannot give."""
        names = (self.hints or {}).get(line)
        return f"; with --setup FILE you can define {', '.join(names)}" if names else ""

    def gradient(self, name: str) -> str:
        """The name of the gradient of a node, or of the loss."""
        return self.gradients[name]

    @classmethod
    def of(cls, lesson: Lesson, seed: int | None, served: dict[str, str]) -> LessonCode:
        """``lesson`` with another ``seed``, if any, and texts ``served`` in the place of data files."""
        discovered = lesson.origin is Origin.DISCOVERED
        return cls(
            where=lesson.path.name if discovered else f"{lesson.name}/{lesson.path.name}",
            setup=lesson.setup.fragments,
            minibatch=lesson.minibatch.fragments,
            statements=tuple(Fragment(each.code, each.line, each.end_line) for each in lesson.statements),
            graph=tuple(Flow(each.binds, each.reads) for each in lesson.statements),
            nodes=tuple(node.name for node in lesson.nodes),
            parameters=lesson.parameters,
            loss=lesson.loss,
            gradients=lesson.gradients,
            seed=seed,
            served=served,
            discovered=discovered,
            starts=lesson.starts,
            hints=dict(lesson.hints),
            bundled=is_bundled(lesson.path),
        )
