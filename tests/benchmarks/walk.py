"""How fast the walk is: one table, all ratios measured side by side in one run.

Run by hand, on a machine that does nothing else: ``python -m tests.benchmarks.walk`` (about four minutes).

Whole processes are run in turn, round after round (PyTorch's import, ``--help``, the app's first frame, ``--replay``,
and again), so that a machine that slows down slows all of them. After one round that warms the caches, the table gives
the median time, and the median of the rounds' ratios to the import of the same round. The app runs in a pseudo-terminal
of 120×40, whose bytes are kept with the time at which they came, and are drawn on a small terminal of our own.

With ``NINJA_TUI_BESIDE=PYTHON``, the interpreter of an older checkout, its figures stand below ours.

First frame: from the start of the process to the bytes after which the titles of all panes are on the screen.

Key press to verdict: the 26 answers of the lesson's own solution are typed key by key, each key when the screen has
come to rest after the last. For a key that leaves code that is judged (it is complete, and binds the gradient) the time
runs from writing the key to the first bytes after which the lines below the prompt, verdict and word, show what they
show once the screen is at rest: that is the verdict on just this code. Three kinds of keys have no such time and
are left out: those that leave code unfinished, which is not judged; those whose verdict reads as the one before (``x``
and ``x ``), for which nothing is painted; and Enter. How many keys remain is told below the table. None is left out
for being slow: an app that still waits for a verdict, or for a further look at it, says so, and is waited for. Where a
verdict comes in two steps, the time to the second counts, and that to the first is told below the table.

Stall: the app's own event loop, in such a terminal, wakes every millisecond. The stall is the longest time by which it
overslept from the key that completes ``while True: pass`` to the verdict on the next key: two seconds of an answer
that does not end, its process killed, another one made ready. The longest of all rounds counts.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

import ninja_tui
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import read_solutions, tidy
from ninja_tui.lesson.syntax.completeness import Completeness, binds, completeness
from tests.benchmarks import beats
from tests.benchmarks.terminal import BACKSPACE, COLUMNS, ENTER, ROWS, Terminal, app, read_gaps, surroundings

LESSON = "names"
SOLUTION = Path(ninja_tui.__file__).parent / "lessons" / LESSON / "solution.py"
TITLES = (" 1 Source ", " 2 Card", " 3 Tensor ", " 4 Gradients ", " 5 Train ", " Prompt ")
BESIDE = "NINJA_TUI_BESIDE"
"""The environment variable that holds the interpreter of an older checkout, which is then measured beside this one."""
STEP_ON = "\x1b[19~"
"""F8, which leads into the prompt."""
HANGS = "0\nwhile True: pass"


# Whole processes


def whole(arguments: Sequence[str], folder: Path) -> float:
    """Seconds from the start of a process to its end."""
    started = time.monotonic()
    environment = surroundings(folder, sys.executable if arguments[0] != os.environ.get(BESIDE) else arguments[0])
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=environment)
    return time.monotonic() - started


def first_frame(folder: Path) -> float:
    """Seconds from the start of the app to its first frame."""
    with app(folder) as terminal:
        return terminal.until(lambda: terminal.screen.shows(*TITLES), "its first frame") - terminal.started


def side_by_side(rounds: int, folder: Path) -> dict[str, list[float]]:
    """Times of whole processes, taken in turn."""
    command = Path(sysconfig.get_path("scripts")) / "ninja-tui"
    runs: dict[str, Callable[[], float]] = {
        "torch": lambda: whole([sys.executable, "-c", "import torch"], folder),
        "help": lambda: whole([str(command), "--help"], folder),
        "frame": lambda: first_frame(folder),
        "replay": lambda: whole([str(command), "--replay", str(SOLUTION)], folder),
    }
    if old := os.environ.get(BESIDE):
        runs["old"] = lambda: whole([old, "-m", "ninja_tui", "--replay", str(SOLUTION)], folder)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            time.sleep(0.2)  # what the process before has left behind comes to its end
            seconds = run()
            if number:  # the first round warms the caches
                times[name].append(seconds)
    return times


# Keys


@dataclass
class Keys:
    """Times of keys whose verdict was painted, and how many keys there were besides.

    ``first`` are the times to whatever verdict was painted first, ``seconds`` those to the one that stays.
    """

    first: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    pressed: int = 0
    judged: int = 0


def typed(folder: Path, python: str = sys.executable) -> Keys:
    """The times of a whole walk back, typed key by key."""
    lesson = read_lesson(LESSON)
    answers = read_solutions(SOLUTION, LESSON).answers(LESSON, lesson.asks)
    keys = Keys()
    with app(folder, python=python) as terminal:
        to_first_node(terminal, f"d{lesson.asks[0]}")
        for node in lesson.asks:
            gradient = f"d{node}"
            at_prompt(terminal, gradient)
            type_answer(terminal, gradient, answers[node].code, keys)
            terminal.until(
                lambda: terminal.screen.settled() and terminal.screen.verdict().startswith("✓ pass"), "a pass"
            )
            terminal.press(ENTER)
            terminal.until(lambda: "saved" in terminal.screen.verdict(), f"{gradient} submitted")
            terminal.press(ENTER)
    return keys


def to_first_node(terminal: Terminal, gradient: str) -> None:
    """Waits for the lesson, and walks to the first node of the way back."""
    terminal.until(lambda: terminal.screen.shows("loss 3."), "the lesson's loss")
    terminal.rest(0.5)
    terminal.press("t")
    terminal.rest(0.3)
    terminal.press(STEP_ON)
    at_prompt(terminal, gradient)


def at_prompt(terminal: Terminal, gradient: str) -> None:
    """Waits for the prompt of a gradient, and until what goes before it has run."""
    titles = f" {gradient} ── ", f" Prompt · {gradient} "  # the second in older checkouts
    terminal.until(lambda: any(map(terminal.screen.shows, titles)), gradient)
    terminal.rest(0.4)


def type_answer(terminal: Terminal, gradient: str, code: str, keys: Keys) -> None:
    """Types what follows ``dx = ``, with which the prompt begins."""
    begun = f"{gradient} = "
    if not code.startswith(begun):
        raise SystemExit(f"the answer to {gradient} does not begin as the prompt does")
    for end in range(len(begun), len(code)):
        text = tidy(code[: end + 1])
        judged = completeness(text)[0] is Completeness.COMPLETE and binds(text, gradient)
        answered = terminal.after(terminal.press(code[end]), judged)
        terminal.echoed(code[: end + 1])
        keys.pressed += 1
        keys.judged += judged
        if answered is not None:
            keys.first.append(answered.first)
            keys.seconds.append(answered.last)


# The stall


@dataclass(frozen=True)
class Stall:
    """The longest by which the app's loop overslept while an answer hung, and before, while it was typed."""

    hanging: float
    typing: float


def stall(folder: Path) -> Stall:
    """Has an answer loop for ever, sees it end as a timeout, and mends it."""
    notes = folder / "beats.json"
    first = f"d{read_lesson(LESSON).asks[0]}"
    with app(folder, str(Path(beats.__file__).resolve()), str(notes)) as terminal:
        to_first_node(terminal, first)
        begun = time.monotonic()
        for end in range(len(HANGS) - 1):
            terminal.after(terminal.press(HANGS[end]), judged=False)
            terminal.echoed(f"{first} = {HANGS[: end + 1]}")
        terminal.rest(0.5)
        hung = terminal.press(HANGS[-1])
        terminal.until(lambda: terminal.screen.verdict().startswith("✗ timeout"), "a timeout")
        terminal.press(BACKSPACE)
        mended = terminal.until(lambda: "'pas' is not defined" in terminal.screen.verdict(), "the verdict after it")
        terminal.rest(0.3)
        terminal.quit()
    gaps = read_gaps(notes)
    return Stall(
        hanging=max((late for at, late, _ in gaps if hung <= at - late and at <= mended + 0.1), default=0.0),
        typing=max((late for at, late, _ in gaps if begun <= at - late and at < hung), default=0.0),
    )


# The table


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def table(times: dict[str, list[float]], keys: Keys, before: Keys | None, stalls: Sequence[Stall]) -> Table:
    """The one table."""
    shown = Table(title=f"The walk, at {COLUMNS}×{ROWS}", caption_justify="left")
    for heading in ("figure", "measured", "ratio", "target", "met?"):
        shown.add_column(heading, justify="left" if heading == "figure" else "right", no_wrap=True)

    def row(figure: str, measured: str, ratio: str, target: str, met: bool) -> None:
        shown.add_row(figure, measured, ratio, target, Text("yes", "green") if met else Text("no", "bold red"))

    torch = statistics.median(times["torch"])
    shown.add_row('python -c "import torch", whole', f"{torch * 1000:.0f} ms", "1.00", "", "", end_section=True)
    for name, figure, most in (
        ("help", "ninja-tui --help, whole", 0.1),
        ("frame", "first painted frame of the app", 0.3),
        ("replay", "--replay of the 26 answers, whole", 1.3),
    ):
        seconds = statistics.median(times[name])
        ratio = statistics.median(each / one for each, one in zip(times[name], times["torch"], strict=True))
        row(figure, f"{seconds * 1000:.0f} ms", f"{ratio:.2f}", f"≤ {most}", ratio <= most)
    if "old" in times:
        ratio = statistics.median(each / one for each, one in zip(times["old"], times["torch"], strict=True))
        shown.add_row("  older checkout", f"{statistics.median(times['old']) * 1000:.0f} ms", f"{ratio:.2f}")
    late = percentile(keys.seconds, 0.95)
    row("key press → verdict painted, p95", f"{late * 1000:.0f} ms", "", "≤ 16 ms", late <= 0.016)
    if before is not None:
        then = percentile(before.seconds, 0.95)
        shown.add_row("  older checkout; ratio: new to old", f"{then * 1000:.0f} ms", f"{late / then:.2f}")
    longest = max(each.hanging for each in stalls)
    row("longest stall, answer loops for ever", f"{longest * 1000:.0f} ms", "", "≤ 50 ms", longest <= 0.05)
    spread = ", ".join(f"{name} {min(each) * 1000:.0f}–{max(each) * 1000:.0f}" for name, each in times.items())
    shown.caption = (
        f"Processes: medians of {len(times['torch'])} rounds side by side, after one to warm up (ms: {spread}).\n"
        f"Keys: {keys.pressed} pressed, {keys.judged} of them judged, {len(keys.seconds)} with a verdict to paint; "
        f"median {statistics.median(keys.seconds) * 1000:.0f} ms, p99 {percentile(keys.seconds, 0.99) * 1000:.0f} ms, "
        f"longest {max(keys.seconds) * 1000:.0f} ms; p95 of the first verdict painted, which may be provisional, "
        f"{percentile(keys.first, 0.95) * 1000:.0f} ms.\n"
        f"Stalls of {len(stalls)} rounds: {', '.join(f'{each.hanging * 1000:.0f}' for each in stalls)} ms; "
        f"while the same was typed: {', '.join(f'{each.typing * 1000:.0f}' for each in stalls)} ms."
    )
    return shown


def main() -> int:
    """Measures everything and prints the table."""
    parser = argparse.ArgumentParser(description="How fast the walk is: one table.")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of whole processes (default: 9)")
    parser.add_argument("--stalls", type=int, default=3, help="answers that loop for ever (default: 3)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an end in good order: the app in its terminal ends too
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times = side_by_side(max(1, options.rounds), folder)
        stalls = [stall(folder) for _ in range(max(1, options.stalls))]
        keys = typed(folder)
        old = os.environ.get(BESIDE)
        before = typed(folder, old) if old else None
    Console().print(table(times, keys, before, stalls))
    return 0


if __name__ == "__main__":
    sys.exit(main())
