"""Points for nodes, as a small TOML file gives them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.errors import UsageError
from ninja_tui.formatting import guess
from ninja_tui.lesson.read import lesson_names, one_line, read_lesson, read_text
from ninja_tui.report.records import FileRecord, LessonRecord, NodeRecord

SHARES = ("approximate", "warnings", "revealed")
KEYS = ("points", *SHARES, "lessons")
LESSON_KEYS = ("points", "nodes")
MOST = 1e6
"""Points of a node."""


@dataclass(frozen=True)
class LessonPoints:
    """Points of a lesson's nodes: of each, but for ``nodes``. None: as everywhere."""

    points: float | None = None
    nodes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Points:
    """``points`` of a node that passes; the shares, of 0 to 1, are what is left of them in some cases.

    ``approximate``: a pass that is not exact. ``warnings``: a pass with a warning. ``revealed``: an answer that the
    app has shown. Where several hold, all of them count.
    """

    points: float = 1.0
    approximate: float = 1.0
    warnings: float = 1.0
    revealed: float = 1.0
    lessons: Mapping[str, LessonPoints] = field(default_factory=dict)

    def most(self, lesson: str, node: str) -> float:
        """The points of a node that passes."""
        of_lesson = self.lessons.get(lesson, LessonPoints())
        default = self.points if of_lesson.points is None else of_lesson.points
        return of_lesson.nodes.get(node, default)

    def of_answers(self, lesson: str, answers: Iterable[NodeRecord]) -> float:
        """The points of a node with these answers: those of the answer that is worth least."""
        return min((self._of(lesson, each) for each in answers), default=0.0)

    def of_lesson(self, lesson: LessonRecord) -> tuple[float, float]:
        """The points of a lesson, and how many there are at most."""
        nodes = lesson.by_node()
        got = math.fsum(self.of_answers(lesson.lesson, answers) for answers in nodes.values())
        return got, math.fsum(self.most(lesson.lesson, node) for node in nodes)

    def of_file(self, record: FileRecord) -> tuple[float, float]:
        """The points of a file, and how many there are at most in the lessons that were judged."""
        pairs = [self.of_lesson(lesson) for lesson in record.lessons]
        return math.fsum(got for got, _ in pairs), math.fsum(most for _, most in pairs)

    def of_default(self, lesson: str) -> float:
        """The points of all that a lesson asks for: what a file that could not be used has lost."""
        try:
            return math.fsum(self.most(lesson, node) for node in read_lesson(lesson).asks)
        except UsageError:
            return self.points

    def _of(self, lesson: str, answer: NodeRecord) -> float:
        if answer.status is not Status.PASS:
            return 0.0
        share = 1.0 if answer.exact else self.approximate
        share *= self.warnings if answer.warnings else 1.0
        share *= self.revealed if answer.revealed else 1.0
        return share * self.most(lesson, answer.node)


def points_text(points: float) -> str:
    """``2``, ``2.5`` or ``0.33``."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def read_points(path: Path) -> Points:
    """The points in a TOML file. Raises UsageError for whatever in it cannot be meant."""
    import tomllib  # only where there is such a file

    try:
        told = tomllib.loads(read_text(path, "the points file"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the points file {path} is no TOML: {one_line(error)}") from None
    except RecursionError:
        raise UsageError(f"the points file {path} is nested too deeply") from None
    reader = _Reader(path)
    reader.check_keys(told, KEYS, "")
    shares = {key: reader.share(told[key], key) for key in SHARES if key in told}
    lessons = reader.table(told.get("lessons", {}), "lessons")
    return Points(
        points=reader.points(told.get("points", 1.0), "points"),
        lessons={name: reader.lesson(name, of_lesson) for name, of_lesson in lessons.items()},
        **shares,
    )


class _Reader:
    """Reads values of a points file, and says what is wrong with one where it stands."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check_keys(self, table: Mapping[str, object], known: Iterable[str], where: str) -> None:
        """Raises UsageError for a key that has no meaning there."""
        for key in table:
            if key not in known:
                raise self._error(f"there is no `{where}{key}`{guess(key, known)}")

    def points(self, value: object, where: str) -> float:
        """A number of points."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MOST:
            raise self._error(f"`{where}` is a number of points from 0, not {_shown(value)}")
        return float(value)

    def share(self, value: object, where: str) -> float:
        """A share of the points: all, none, or something between."""
        if isinstance(value, (bool, int, float)) and 0 <= value <= 1:
            return float(value)
        raise self._error(f"`{where}` is true, false or a share from 0 to 1, not {_shown(value)}")

    def table(self, value: object, where: str) -> dict[str, object]:
        """A table."""
        if not isinstance(value, dict):
            raise self._error(f"`{where}` is a table, not {_shown(value)}")
        return value

    def lesson(self, name: str, value: object) -> LessonPoints:
        """The points of a lesson; of a bundled one, its nodes are known."""
        where = f"lessons.{name}."
        table = self.table(value, where[:-1])
        self.check_keys(table, LESSON_KEYS, where)
        nodes = self.table(table.get("nodes", {}), f"{where}nodes")
        if name in lesson_names():
            self.check_keys(nodes, [node.name for node in read_lesson(name).nodes], f"{where}nodes.")
        elif meant := guess(name, lesson_names()):
            raise self._error(f"there is no lesson `{name}`{meant}")
        return LessonPoints(
            points=self.points(table["points"], f"{where}points") if "points" in table else None,
            nodes={node: self.points(each, f"{where}nodes.{node}") for node, each in nodes.items()},
        )

    def _error(self, sentence: str) -> UsageError:
        return UsageError(f"the points file {self._path}: {sentence}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    return str(value).lower() if isinstance(value, bool) else repr(value)[:60]
