"""What a step of the walk costs, and how long a dialog keeps the app from its loop: one table.

Run by hand, on a machine that does nothing else: ``python -m tests.benchmarks.steps`` (about two minutes). With
``NINJA_TUI_BESIDE=PYTHON``, the interpreter of an older checkout, the same is measured there in turn.

A step: the app in a pseudo-terminal walks forward and back, on and back, key by key, each key when the screen has come
to rest after the last. The time runs from the key to the last bytes that come of it. Beside it stands the processor's
time of the app's main thread, which does not depend on what else the machine does (Linux only).

A dialog: the app's event loop wakes every millisecond. The stall is the longest time by which it overslept from the
key that opens the dialog until the screen is at rest; of several rounds the median counts. Beside it stands how much of
it the loop's own thread computed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks import beats
from tests.benchmarks.terminal import Gap, Terminal, app, read_gaps
from tests.benchmarks.walk import BESIDE, percentile

SIZES = ((80, 24), (120, 40), (200, 60))
STEPS = 20
"""Steps on, and as many back, on each of the two ways."""
ON, BACK = "n", "p"
OLD_ON, OLD_BACK = "\x1b[19~", "\x1b[18~"
"""Before a letter kept the keys at a node, only these led on from there."""
REST = 0.12
"""Seconds without a byte after which a step has been painted."""
BLINK = 200
"""Fewer bytes than these that change no text are the cursor's blinking."""
STEP_TARGET, STALL_TARGET = 16.0, 30.0
"""Milliseconds."""
ESCAPE = "\x1b"
DIALOGS = (
    ("help", "\x1bOQ", ESCAPE),
    ("find", "\x1bOR", ESCAPE),
    ("lessons", "\x0c", ESCAPE),
    ("palette", "\x10", ESCAPE),
    ("slice", "\x12", ESCAPE),
    ("training", "\x14", ""),
    ("saved runs", "\x1bOR", ESCAPE),
)
"""Each with the key that opens it, and the one that closes it; the saved runs are opened from the training."""
NO_GAP = Gap(0.0, 0.0, 0.0)


@dataclass
class Steps:
    """Seconds of each step: from the key to the last paint, and of the app's main thread."""

    painted: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)

    def press(self, terminal: Terminal, key: str) -> None:
        """Takes one step."""
        before = terminal.cpu
        pressed = last = terminal.press(key)
        while (got := terminal.received(REST)) is not None:
            lines = terminal.screen.lines()
            terminal.screen.feed(got[1])
            if len(got[1]) >= BLINK or terminal.screen.lines() != lines:
                last = got[0]
            if got[0] > pressed + 2:
                raise SystemExit("the screen never comes to rest")
        self.painted.append(last - pressed)
        self.computed.append(terminal.cpu - before)


def steps(folder: Path, size: tuple[int, int], python: str) -> dict[str, Steps]:
    """Steps on both ways, in an app that is opened for them."""
    on, back = (ON, BACK) if python == sys.executable else (OLD_ON, OLD_BACK)
    taken = {"forward": Steps(), "backward": Steps()}
    with app(folder, python=python, size=size) as terminal:
        opened(terminal)
        for keys in (on, back):
            for _ in range(STEPS):
                taken["forward"].press(terminal, keys)
        for key in ("t", on):
            Steps().press(terminal, key)
        for keys in (on, back):
            for _ in range(STEPS):
                taken["backward"].press(terminal, keys)
    return taken


def stalls(folder: Path, size: tuple[int, int], python: str) -> dict[str, Gap]:
    """The longest stall of each dialog, opened once; and of closing one."""
    notes = folder / "beats.json"
    (folder / "run-names-1.npz").touch()
    windows: dict[str, list[tuple[float, float]]] = {}
    with app(folder, str(Path(beats.__file__).resolve()), str(notes), python=python, size=size) as terminal:
        opened(terminal)
        for name, key, close in DIALOGS:
            for kind, pressed in ((name, key), ("closing one", close)):
                if pressed:
                    began = terminal.press(pressed)
                    terminal.rest(0.4)
                    windows.setdefault(kind, []).append((began, time.monotonic()))
        terminal.quit()
    gaps = read_gaps(notes)
    return {
        name: max((gap for gap in gaps for began, ended in parts if began <= gap.at < ended), key=_late, default=NO_GAP)
        for name, parts in windows.items()
    }


def opened(terminal: Terminal) -> None:
    """Waits until the lesson has run."""
    terminal.until(lambda: terminal.screen.shows("loss 3."), "the lesson's loss")
    terminal.rest(0.6)


def main() -> int:
    """Measures everything and prints the table."""
    parser = argparse.ArgumentParser(description="What a step costs, and how long dialogs stall: one table.")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the medians are told (default: 3)")
    parser.add_argument("--sizes", type=int, nargs="*", default=range(len(SIZES)), help="which of the sizes, from 0")
    rounds, chosen = (options := parser.parse_args()).rounds, options.sizes
    pythons = [sys.executable, *filter(None, [os.environ.get(BESIDE)])]
    shown = Table(title="Steps of the walk, and dialogs")
    for heading in ("figure", "median", "p95", "CPU", "older: median", "p95", "CPU", "target", "met?"):
        shown.add_column(heading, justify="left" if heading == "figure" else "right", no_wrap=True)
    with tempfile.TemporaryDirectory() as name:
        for size in (SIZES[each] for each in chosen):
            walks = [[steps(Path(name), size, each) for each in pythons] for _ in range(rounds)]
            looks = [[stalls(Path(name), size, each) for each in pythons] for _ in range(rounds)]
            at = f"{size[0]}×{size[1]}"
            for way in ("forward", "backward"):
                columns = [_figures([walk[which][way] for walk in walks]) for which in range(len(pythons))]
                shown.add_row(f"{at} step {way}", *_texts(columns), *_met(columns[0][1], STEP_TARGET, "p95 "))
            for dialog in looks[0][0]:
                stalled = [_stall([look[which].get(dialog, NO_GAP) for look in looks]) for which in range(len(pythons))]
                shown.add_row(f"{at} stall, {dialog}", *_texts(stalled), *_met(stalled[0][0], STALL_TARGET))
            shown.add_section()
    Console(width=140).print(shown)
    return 0


def _figures(rounds: Sequence[Steps]) -> tuple[float, float, float]:
    """Milliseconds: the median and the 95th percentile to the last paint, and the median of the processor's time."""
    return (
        statistics.median(statistics.median(each.painted) for each in rounds) * 1e3,
        statistics.median(percentile(each.painted, 0.95) for each in rounds) * 1e3,
        statistics.median(statistics.median(each.computed) for each in rounds) * 1e3,
    )


def _stall(rounds: Sequence[Gap]) -> tuple[float, None, float]:
    """Milliseconds: the median of the longest stalls, and of what was computed in them."""
    late, computed = (statistics.median(each[column] for each in rounds) * 1e3 for column in (1, 2))
    return late, None, computed


def _late(gap: Gap) -> float:
    return gap.late


def _texts(columns: Sequence[Sequence[float | None]]) -> list[str]:
    texts = ["" if each is None else f"{each:.1f} ms" for column in columns for each in column]
    return texts if len(columns) > 1 else texts + [""] * len(texts)


def _met(measured: float, target: float, what: str = "") -> tuple[str, Text]:
    met = Text("yes", "green") if measured <= target else Text("no", "bold red")
    return f"{what}≤ {target:.0f} ms", met


if __name__ == "__main__":
    sys.exit(main())
