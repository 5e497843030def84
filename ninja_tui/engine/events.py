"""What the desk's threads tell the app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninja_tui.engine.evaluate.bench import Facts
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.training.checkpoints import SavedRun
from ninja_tui.engine.training.events import TrainingEvent
from ninja_tui.lesson.catalogue import LessonSummary
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.solutions import SavedAnswer


@dataclass(frozen=True)
class LessonRead:
    """The lesson's files are read, and what is saved for it; ``solution`` holds the lesson's own answers."""

    lesson: Lesson
    saved: Mapping[str, SavedAnswer]
    solution: Mapping[str, str]


@dataclass(frozen=True)
class Shelf:
    """All lessons, and how far the solutions file has come with each."""

    lessons: tuple[LessonSummary, ...]


@dataclass(frozen=True)
class Opened:
    """The lesson has run."""

    facts: Facts


@dataclass(frozen=True)
class Failed:
    """The session cannot go on; ``reason`` is a sentence."""

    reason: str


@dataclass(frozen=True)
class Judged:
    """The verdict on ``code`` as the answer to ``node``; ``own`` are the upstream gradients that were the person's."""

    node: str
    code: str
    verdict: Verdict
    own: frozenset[str]


@dataclass(frozen=True)
class Rechecked:
    """Verdicts on all that is saved, each with its line in the file; of several answers to a node the worst."""

    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Saved:
    """An answer is in the file."""

    node: str
    path: Path


@dataclass(frozen=True)
class NotSaved:
    """An answer is not in the file; ``reason`` says why in a sentence."""

    node: str
    reason: str


@dataclass(frozen=True)
class Viewed:
    """What a tensor looks like, as asked for by ``request``."""

    request: dict[str, Any]
    view: dict[str, Any]


@dataclass(frozen=True)
class RunLoaded:
    """A saved run is in the place of what was trained."""

    path: Path
    run: SavedRun


@dataclass(frozen=True)
class RunSaved:
    """What was trained is in a file."""

    path: Path


@dataclass(frozen=True)
class TrainingFailed:
    """Training, sampling or a saved run did not work out; ``reason`` is a sentence."""

    reason: str


@dataclass(frozen=True)
class TrainingOver:
    """Nothing is being trained or sampled any more."""


Training = TrainingEvent | RunLoaded | RunSaved | TrainingFailed | TrainingOver
News = Training | LessonRead | Shelf | Opened | Failed | Judged | Rechecked | Saved | NotSaved | Viewed
