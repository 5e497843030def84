"""What a worker is told of a lesson."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ninja_tui.lesson.model import Lesson


@dataclass(frozen=True)
class LessonCode:
    """A lesson's cells and graph, and the choices of this session (``seed``, ``served``), as plain data."""

    where: str
    setup: str
    setup_line: int
    minibatch: str
    minibatch_line: int
    statements: tuple[tuple[str, int], ...]
    nodes: tuple[str, ...]
    parameters: tuple[str, ...]
    loss: str
    gradients: dict[str, str]
    seed: int | None
    served: dict[str, str]

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> LessonCode:
        """From a request's plain data."""
        lists = {"statements": tuple((str(code), int(line)) for code, line in body["statements"])}
        lists |= {key: tuple(body[key]) for key in ("nodes", "parameters")}
        return cls(**{**body, **lists})

    def gradient(self, name: str) -> str:
        """The name of the gradient of a node, or of the loss."""
        return self.gradients.get(name, f"d{name}")

    @classmethod
    def of(cls, lesson: Lesson, seed: int | None, served: dict[str, str]) -> LessonCode:
        """``lesson`` with another ``seed``, if any, and texts ``served`` in the place of data files."""
        return cls(
            where=f"{lesson.name}/{lesson.path.name}",
            setup=lesson.setup.source,
            setup_line=lesson.setup.line,
            minibatch=lesson.minibatch.source,
            minibatch_line=lesson.minibatch.line,
            statements=tuple((statement.code, statement.line) for statement in lesson.statements),
            nodes=tuple(node.name for node in lesson.nodes),
            parameters=lesson.parameters,
            loss=lesson.loss,
            gradients=lesson.gradients,
            seed=seed,
            served=served,
        )
