"""What a worker is told of a lesson."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ninja_tui.lesson.model import Lesson, Origin


@dataclass(frozen=True)
class LessonCode:
    """A lesson's cells and graph, and the choices of this session (``seed``, ``served``), as plain data.

    Code comes with its line in the file. ``graph`` has for each statement what it binds and reads. ``found``: the code
    is of any form, and ``starts`` are the lines in which a notebook's cells begin.
    """

    where: str
    setup: tuple[tuple[str, int], ...]
    minibatch: tuple[tuple[str, int], ...]
    statements: tuple[tuple[str, int], ...]
    graph: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    nodes: tuple[str, ...]
    parameters: tuple[str, ...]
    loss: str
    gradients: dict[str, str]
    seed: int | None
    served: dict[str, str]
    found: bool = False
    starts: tuple[int, ...] = ()
    hints: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> LessonCode:
        """From a request's plain data."""
        lists: dict[str, Any] = {
            key: tuple((str(code), int(line)) for code, line in body[key])
            for key in ("setup", "minibatch", "statements")
        }
        lists |= {key: tuple(body[key]) for key in ("nodes", "parameters", "starts")}
        lists["graph"] = tuple((tuple(binds), tuple(reads)) for binds, reads in body["graph"])
        return cls(**{**body, **lists})

    def hint(self, line: int) -> str:
        """What a person can define in the place of what the piece of the set-up in ``line`` cannot give."""
        names = self.hints.get(str(line))
        return f"; with --setup FILE you can define {', '.join(names)}" if names else ""

    def gradient(self, name: str) -> str:
        """The name of the gradient of a node, or of the loss."""
        return self.gradients.get(name, f"d{name}")

    @classmethod
    def of(cls, lesson: Lesson, seed: int | None, served: dict[str, str]) -> LessonCode:
        """``lesson`` with another ``seed``, if any, and texts ``served`` in the place of data files."""
        discovered = lesson.origin is Origin.DISCOVERED
        return cls(
            where=lesson.path.name if discovered else f"{lesson.name}/{lesson.path.name}",
            setup=tuple((fragment.code, fragment.line) for fragment in lesson.setup.fragments),
            minibatch=tuple((fragment.code, fragment.line) for fragment in lesson.minibatch.fragments),
            statements=tuple((statement.code, statement.line) for statement in lesson.statements),
            graph=tuple((statement.binds, statement.reads) for statement in lesson.statements),
            nodes=tuple(node.name for node in lesson.nodes),
            parameters=lesson.parameters,
            loss=lesson.loss,
            gradients=lesson.gradients,
            seed=seed,
            served=served,
            found=discovered,
            starts=lesson.starts,
            hints={str(line): list(names) for line, names in lesson.hints.items()},
        )
