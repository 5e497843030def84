"""What the app needs of an engine: one session with one lesson and one solutions file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from ninja_tui.engine.events import Event
from ninja_tui.engine.protocol.verdict import Upstream, Verdict
from ninja_tui.engine.protocol.views import PokeRequest, ViewRequest
from ninja_tui.engine.training.checkpoints import SavedRun
from ninja_tui.engine.training.config import Plan
from ninja_tui.lesson.answer_file import Version
from ninja_tui.lesson.practice.variation import Round
from ninja_tui.lesson.solutions import SavedAnswer


class Backend(Protocol):
    """Every request returns at once; its outcome is an event, which may come from any thread."""

    def start(self) -> None:
        """Begins to read and run the lesson: CatalogueRead, LessonRead, Opened, and Rechecked for saved answers.

        RunsUnlocked comes before a lesson runs that is none of our own, where nothing locks it in.
        """

    def prepare(self, node: str, upstream: Upstream, verdicts: Mapping[str, Verdict]) -> None:
        """Makes ready to judge answers to ``node``, with the upstream gradients that ``upstream`` selects."""

    def judge(self, node: str, code: str) -> None:
        """Judges ``code``, complete Python, as the answer to ``node``; of several waiting requests the newest."""

    def recheck(self) -> None:
        """Judges everything in the solutions file."""

    def view(self, request: ViewRequest) -> None:
        """Computes what is shown of a tensor; of several waiting requests the newest."""

    def poke(self, request: PokeRequest) -> None:
        """Nudges an element of a tensor, and computes the loss again; of several waiting requests the newest."""

    def save(self, node: str, answer: SavedAnswer, walk: tuple[str, ...]) -> None:
        """Writes an answer into the solutions file, whose cells stand in the order of the nodes in ``walk``.

        Saved comes once it is on the disk. After NotSaved it is kept, and tried again until it is. Conflicting asks for
        ``settle``. ChangedOutside and OpenElsewhere may come of this, and of any other look at the file.
        """

    def settle(self, node: str, version: Version) -> None:
        """Says which of two answers to ``node`` is kept; then the file's may be written over."""

    @property
    def unsaved(self) -> Mapping[str, SavedAnswer]:
        """The answers that are not on the disk, by node; after ``close`` those that could not be written."""

    def train(self, plan: Plan, passes: Mapping[str, bool]) -> None:
        """Trains with the answers in the file; ``passes`` maps a node to whether its answer is right."""

    def pause_training(self) -> None:
        """Waits with the next steps."""

    def continue_training(self) -> None:
        """Ends the pause."""

    def stop_training(self) -> None:
        """Ends the training after the steps that are done."""

    def sample(self, count: int, seed: int) -> None:
        """Has the trained network invent ``count`` more names."""

    def saved_runs(self, lesson: str) -> list[Path]:
        """The saved runs of ``lesson``, the newest first."""

    def load_run(self, path: Path) -> None:
        """Replaces the trained network by that of a saved run."""

    def save_run(self, run: SavedRun) -> None:
        """Writes a trained network beside the solutions file."""

    def close(self) -> None:
        """Blocks until answers are written and every process has ended; emits nothing from here on."""


Emit = Callable[[Event], None]
BackendFactory = Callable[[str, Emit], Backend]
"""Makes the backend of the lesson of that name or path; it emits its events by the callback."""
PracticeFactory = Callable[[Round, Emit], Backend]
"""Makes the backend of a round of practice, which reads and writes no answers."""
