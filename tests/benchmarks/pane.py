"""How smooth the app is while a network trains: one table.

Run by hand, on a machine that does nothing else: ``python -m tests.benchmarks.pane`` (about a minute).

The app runs on the lesson ``train`` in a pseudo-terminal of 120×40, with the lesson's own answers, and trains 200,000
steps. Its event loop wakes every millisecond; a frame's time is how long it was kept from that, counted where it was
more than a millisecond, while the training's screen is watched, and while somebody steps through the walk behind it.
Key to paint: from pressing ``n`` or ``p`` in that walk to the first bytes that come of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ninja_tui.lesson.read import read_lesson
from tests.benchmarks import beats
from tests.benchmarks.terminal import Terminal, read_gaps
from tests.benchmarks.walk import percentile

WATCHED = 10.0
"""Seconds for which the training's screen is watched."""
KEYS = 60
TARGET = 50.0
"""Milliseconds."""


def main() -> int:
    """Measures, and prints the table."""
    argparse.ArgumentParser(description="How smooth the app is while a network trains.").parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = measured(folder)
    shown = Table(title="The app while a network trains, at 120×40")
    for heading in ("figure", "p95", "longest", "target (p95)", "met?"):
        shown.add_column(heading, justify="left" if heading == "figure" else "right")
    figures = (
        "frame, walking, nothing trains",
        "key to paint, nothing trains",
        "frame, watching the training",
        "frame, walking behind it",
        "key to paint, walking behind it",
    )
    rows = zip(figures, parts, strict=True)
    for figure, values in rows:
        times = [value * 1e3 for value in values] or [0.0]
        met = percentile(times, 0.95) <= TARGET
        verdict = Text("yes", "green") if met else Text("no", "bold red")
        p95, longest = f"{percentile(times, 0.95):.0f} ms", f"{max(times):.0f} ms"
        shown.add_row(figure, p95, longest, f"≤ {TARGET:.0f} ms", verdict)
    Console().print(shown)
    return 0


def measured(folder: Path) -> tuple[list[float], ...]:
    """The late beats and the times from keys to paint, of the walk alone, the training, and both; in seconds."""
    solution = read_lesson("train").solution
    if solution is None:
        raise SystemExit("the lesson `train` has no solution")
    (folder / "solutions.py").write_text(solution.read_text(encoding="utf-8"), encoding="utf-8")
    notes = folder / "beats.json"
    arguments = [str(Path(beats.__file__).resolve()), str(notes), "--lesson", "train"]
    terminal = Terminal(arguments, folder)
    try:
        terminal.until(lambda: terminal.screen.shows("13 ✓"), "13 passes")
        terminal.rest(1.0)
        first = time.monotonic()
        alone = walk_about(terminal)
        before = time.monotonic()
        terminal.press("\x14")
        terminal.until(lambda: terminal.screen.shows("Messages"), "the training")
        terminal.rest(0.5)
        terminal.press("\x1b[19~")
        began = terminal.until(lambda: terminal.screen.shows("steps/s"), "steps")
        drawn(terminal, WATCHED)
        middle = time.monotonic()
        terminal.press("\x1b")
        drawn(terminal, 0.5)
        keys = walk_about(terminal)
        end = time.monotonic()
    finally:
        terminal.quit()
        terminal.close()
    gaps = read_gaps(notes)

    def late(start: float, stop: float) -> list[float]:
        return [each for at, each, _ in gaps if start <= at < stop]

    return late(first, before), alone, late(began, middle), late(middle, end), keys


def walk_about(terminal: Terminal) -> list[float]:
    """Steps to and fro at the turn; the time of each step."""
    terminal.press("\x1b")
    drawn(terminal, 0.3)
    terminal.press("t")
    drawn(terminal, 0.3)
    return [painted(terminal, "p" if number % 8 < 4 else "n") for number in range(KEYS)]


def drawn(terminal: Terminal, seconds: float) -> None:
    """Draws what comes for so long."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        got = terminal.received(left)
        if got is not None:
            terminal.screen.feed(got[1])


def painted(terminal: Terminal, key: str) -> float:
    """Presses a key of the walk: seconds until the title says where it is now."""
    before = terminal.screen.lines()[0]
    pressed = terminal.press(key)
    at = terminal.until(lambda: terminal.screen.lines()[0] != before, f"a step by {key}")
    drawn(terminal, 0.1)
    return at - pressed


if __name__ == "__main__":
    sys.exit(main())
