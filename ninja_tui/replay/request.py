"""What is to be judged, and how long each part of it may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.lesson.read import DEFAULT_LESSON

Progress = Callable[[str], None]
"""Is called with a few words on what is being waited for."""


@dataclass(frozen=True)
class Limits:
    """Seconds that a set-up, a file and a whole run may take; None: as long as they need."""

    setup: float = 60.0
    file: float | None = 300.0
    run: float | None = None


@dataclass(frozen=True)
class Request:
    """What to replay. ``paths`` are files and folders; ``lesson`` is for files that name none (None: ``names``).

    ``timeout`` is seconds an answer; with ``strict`` a warning is a failure; ``jobs`` files are judged at once.
    ``trust``: strangers' code runs also where nothing locks it in. ``watch``: the same files will come again.
    """

    paths: tuple[Path, ...]
    lesson: str | None = None
    options: Options = field(default_factory=Options)
    timeout: float = 10.0
    strict: bool = False
    limits: Limits = field(default_factory=Limits)
    jobs: int = 1
    trust: bool = False
    watch: bool = False

    @property
    def default_lesson(self) -> str:
        """The lesson of what stands before any marker."""
        return self.lesson or DEFAULT_LESSON
