"""A progress bar for a training without the app."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from ninja_tui.engine.training.events import Begun, Checked, TrainingEvent
from ninja_tui.engine.training.events import Progress as Steps
from ninja_tui.formatting import plain
from ninja_tui.lesson.model import gradient_name


class TrainingBar:
    """A bar on stderr, with steps a second and the time left; within ``with``."""

    def __init__(self, steps: int) -> None:
        columns = (
            TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(), TextColumn("{task.fields[loss]}"),
        )  # fmt: skip
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("training", total=steps, speed="", loss="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: TrainingEvent) -> None:
        """Moves the bar."""
        if isinstance(event, Steps) and event.losses:
            speed, loss = f"{event.steps_per_second:,.0f} steps/s", f"loss {event.losses[-1]:.4f}"
            self._progress.update(self._task, completed=event.step, speed=speed, loss=loss)
        elif isinstance(event, Begun) and event.message:
            self.warn(event.message)
        elif isinstance(event, Checked):
            off = [gradient_name(check.node) for check in event.checks if not check.fits]
            if off:
                self.warn(f"not autograd's gradients on fresh minibatches: {', '.join(off)}")

    def warn(self, word: str) -> None:
        """A line above the bar."""
        console = self._progress.console
        console.print(Text(plain(word), style="yellow"), soft_wrap=not console.is_terminal)
