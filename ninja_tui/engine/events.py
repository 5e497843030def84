"""The events of a backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.engine.evaluate.bench import Facts
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.protocol.views import Poke, PokeRequest, TensorView, ViewRequest
from ninja_tui.engine.training.checkpoints import SavedRun
from ninja_tui.engine.training.events import TrainingEvent
from ninja_tui.lesson.answer_file import Conflict
from ninja_tui.lesson.catalogue import LessonSummary
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.practice.variation import Variation
from ninja_tui.lesson.solutions import SavedAnswer


@dataclass(frozen=True)
class LessonRead:
    """The lesson and the answers in the solutions file are read.

    ``solution`` maps nodes to the lesson's answers, each in one or two forms: the one that people know leads. In
    practice ``variation`` is what differs from the lesson, and nothing is saved; where the lesson does not run so, this
    comes again with another.
    """

    lesson: Lesson
    saved: Mapping[str, SavedAnswer]
    solution: Mapping[str, tuple[str, ...]]
    variation: Variation | None = None


@dataclass(frozen=True)
class CatalogueRead:
    """The bundled lessons, each with its count of answers in the solutions file."""

    lessons: tuple[LessonSummary, ...]


@dataclass(frozen=True)
class RunsUnlocked:
    """The code in the file ``path``, which is none of our own, runs next, and nothing on this system locks it in."""

    path: Path


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
    """The verdict on ``code`` as the answer to ``node``.

    ``own_upstream`` holds the nodes whose upstream gradients came from the person's answers, not from the reference.
    """

    node: str
    code: str
    verdict: Verdict
    own_upstream: frozenset[str]


@dataclass(frozen=True)
class Rechecked:
    """Verdicts on the answers in the file, each with its line there; of several answers to a node the worst."""

    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Saved:
    """The answer to ``node`` is on the disk, in the file ``path``."""

    node: str
    path: Path
    answer: SavedAnswer


@dataclass(frozen=True)
class NotSaved:
    """The answer to ``node`` could not be written, and is tried again; ``reason`` is a sentence."""

    node: str
    reason: str


@dataclass(frozen=True)
class Conflicting:
    """The answer to ``node`` is not written: another program has written another one since the file was read."""

    node: str
    conflict: Conflict


@dataclass(frozen=True)
class ChangedOutside:
    """Another program has written these answers into the file, or taken them out of it: then they have no code."""

    answers: Mapping[str, SavedAnswer]


@dataclass(frozen=True)
class OpenElsewhere:
    """Another app, the process ``other``, has the file open; or, where that is None, has it no longer."""

    other: int | None


@dataclass(frozen=True)
class Viewed:
    """What is shown of a tensor, for ``request``."""

    request: ViewRequest
    tensor_view: TensorView


@dataclass(frozen=True)
class Poked:
    """What a nudge did to the loss."""

    request: PokeRequest
    poke: Poke


@dataclass(frozen=True)
class RunLoaded:
    """A saved run has replaced the trained network."""

    path: Path
    run: SavedRun


@dataclass(frozen=True)
class RunSaved:
    """The trained network is in the file ``path``."""

    path: Path


@dataclass(frozen=True)
class TrainingFailed:
    """Training, sampling, or loading or saving a run failed; ``reason`` is a sentence."""

    reason: str


@dataclass(frozen=True)
class TrainingOver:
    """Nothing is being trained or sampled any more."""


TrainingUpdate = TrainingEvent | RunLoaded | RunSaved | TrainingFailed | TrainingOver
Event = (
    TrainingUpdate
    | LessonRead
    | CatalogueRead
    | RunsUnlocked
    | Opened
    | Failed
    | Judged
    | Rechecked
    | Saved
    | NotSaved
    | Conflicting
    | ChangedOutside
    | OpenElsewhere
    | Viewed
    | Poked
)
