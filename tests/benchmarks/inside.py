"""The app on long lessons and on a large tensor: one table, all figures of one run.

Run by hand, on a machine that does nothing else: ``python -m tests.benchmarks.inside`` (about five
minutes).

The lessons are those of ``scale.py``, opened by the app in a pseudo-terminal of 120×40. Key to verdict: an answer, the
first of the walk back, is typed key by key, as in ``walk.py``. Key to paint: from ``n`` or ``p`` to the title's new
place. A stall is how long the app's event loop, which wakes every millisecond, was kept from it. The panes show the
tensor of 4096×4096 with its heatmap, scroll in it, and slice it. All is done in rounds; of a round's longest stalls,
ratios and medians the table has the median.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks import beats
from tests.benchmarks.pane import drawn, painted
from tests.benchmarks.scale import LARGE, LENGTHS, lesson_of
from tests.benchmarks.terminal import ENTER, Terminal, read_gaps
from tests.benchmarks.walk import STEP_ON, Keys, percentile, type_answer

ROUNDS = 3
STEPS = 20
NEXT_PANE = "\x1b[24~"
SCROLLING = [*["\x1b[B"] * 10, *["\x1b[C"] * 10, *["\x1b[6~"] * 5, "v", "v"]
STALL = 50.0
"""Milliseconds."""
LIMIT = 1.5


@dataclass(frozen=True)
class Walked:
    """Seconds: to the open lesson, of each key to its verdict, of each step to its paint, and of each stall."""

    opening: float
    keys: list[float]
    steps: list[float]
    stalls: list[float]


class Inside:
    """The app in a terminal, on a lesson in a folder."""

    def __init__(self, folder: Path, name: str, forward: str) -> None:
        (folder / name).mkdir()
        (folder / name / "forward.py").write_text(forward, encoding="utf-8")
        self._beats = folder / f"{name}.json"
        solutions = folder / f"{name}.py"
        started = [str(Path(beats.__file__).resolve()), str(self._beats), str(folder / name)]
        self.terminal = Terminal([*started, "--solutions", str(solutions)], folder)
        self.opening = self.terminal.until(lambda: self.terminal.screen.shows(" loss "), "a loss")
        self.opening -= self.terminal.started
        self.terminal.rest(1.0)
        self._began = time.monotonic()

    def end(self) -> list[tuple[float, float]]:
        """Quits; the stalls since the lesson was open, each with its time."""
        until = time.monotonic()
        self.terminal.quit()
        self.terminal.close()
        return [(at, late) for at, late, _ in read_gaps(self._beats) if self._began <= at < until]


def walked(folder: Path, statements: int) -> Walked:
    """Steps about in a lesson, and types its first answer."""
    inside = Inside(folder, f"long-{statements}", lesson_of(statements))
    terminal = inside.terminal
    steps = [painted(terminal, "n" if number % 8 < 4 else "p") for number in range(STEPS)]
    terminal.press("t")
    drawn(terminal, 0.5)
    terminal.press(STEP_ON)
    last = statements - 2
    gradient = f"dh{last}"
    terminal.until(lambda: terminal.screen.shows(f" {gradient} ── "), gradient)
    terminal.rest(0.5)
    keys = Keys()
    type_answer(terminal, gradient, f"{gradient} = 2 * h{last} / h{last}.numel()", keys)
    terminal.until(lambda: terminal.screen.verdict().startswith("✓ pass"), "a pass")
    terminal.press(ENTER)
    drawn(terminal, 0.5)
    return Walked(inside.opening, keys.seconds, steps, [late for _, late in inside.end()])


def looked(folder: Path) -> tuple[list[float], list[float]]:
    """The stalls of looking at a large tensor: in the panes, and with the dialog that asks for a slice."""
    inside = Inside(folder, "large", LARGE)
    terminal = inside.terminal
    for keys in ("n", "p", "n", NEXT_PANE, NEXT_PANE, *SCROLLING):
        terminal.press(keys)
        drawn(terminal, 0.3)
    dialog = time.monotonic()
    for keys in ("s", "100:200, 5\r"):
        terminal.press(keys)
        drawn(terminal, 0.5)
    gaps = inside.end()
    return [late for at, late in gaps if at < dialog], [late for at, late in gaps if at >= dialog]


def main() -> int:
    """Measures, and prints the table."""
    walks: dict[int, list[Walked]] = {statements: [] for statements in LENGTHS}
    looks = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            for statements in LENGTHS:
                walks[statements].append(walked(Path(name), statements))
            looks.append(looked(Path(name)))
    shown = Table(title="The app on long lessons, and on a tensor of 4096×4096, at 120×40")
    names = ("what", "open", "key to verdict", "of that at 20", "key to paint, p95", "longest stall", "met?")
    for heading in names:
        shown.add_column(heading, justify="left" if heading == "what" else "right")
    shortest = [statistics.median(each.keys) for each in walks[LENGTHS[0]]]
    for statements, rounds in walks.items():
        keys = [statistics.median(each.keys) for each in rounds]
        ratio = statistics.median(one / first for one, first in zip(keys, shortest, strict=True))
        shown.add_row(
            f"{statements:,} statements",
            f"{statistics.median(each.opening for each in rounds):.1f} s",
            f"{statistics.median(keys) * 1e3:.0f} ms",
            f"{ratio:.2f}",
            f"{statistics.median(percentile(each.steps, 0.95) for each in rounds) * 1e3:.0f} ms",
            f"{statistics.median(max(each.stalls, default=0.0) for each in rounds) * 1e3:.0f} ms",
            _met(ratio <= LIMIT),
        )
    for what, kind in (("4096×4096, panes", 0), ("the slice's dialog", 1)):
        stall = statistics.median(max(look[kind], default=0.0) for look in looks) * 1e3
        shown.add_row(what, "", "", "", "", f"{stall:.0f} ms", _met(stall <= STALL))
    Console(width=120).print(shown)
    return 0


def _met(yes: bool) -> Text:
    return Text("yes", "green") if yes else Text("no", "bold red")


if __name__ == "__main__":
    sys.exit(main())
