"""Kills the app at many moments around Enter, and looks for what is lost: ``python -m tests.kill_loop --moments 100``.

Some moments are exact, in the midst of writing the file; the others are spread over the time after Enter.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import read_solutions
from tests.app.process import Terminal, terminal, until
from tests.app.support import ANSWERS, NODES
from tests.benchmarks.terminal import Screen

LONGEST_AFTER = 0.4
"""Seconds after Enter in which the app is killed; an answer is called saved in less."""
BEFORE = f"# mine\n# %% lesson: names\n# %% logprobs\n{ANSWERS['logprobs']}\n"
NODE, CODE = "probs", ANSWERS["probs"]
WORD = "saved: Enter"
"""What the screen says of an answer that is right and on the disk."""

KILLS_ITSELF = """
import os, signal
from ninja_tui.lesson import writing
real = os.{name}
def call(*arguments, **named):
    after = {after}
    if not after:
        os.kill(os.getpid(), signal.SIGKILL)
    real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
def write(*arguments, **named):
    os.{name} = call
    return whole(*arguments, **named)
from ninja_tui.lesson import answer_file
whole = answer_file.write_whole
answer_file.write_whole = write
"""
"""Has the app kill itself before or after the first call of a function of ``os`` in writing the file."""
STEPS = ("write", "fchmod", "fsync", "link", "replace")


@dataclass(frozen=True)
class Moment:
    """When the app is killed: so many seconds after Enter, or at a step of writing."""

    seconds: float = 0.0
    step: str = ""
    after: bool = False

    def __str__(self) -> str:
        if not self.step:
            return f"{self.seconds * 1000:5.1f} ms after Enter"
        return f"{'after' if self.after else 'before'} {self.step}"


@dataclass(frozen=True)
class Killed:
    """What was there after a kill: on the screen, in the file, and beside it; and beside it after the next start."""

    moment: Moment
    called_saved: bool
    on_disk: bool
    whole: bool
    litter: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def lost(self) -> bool:
        """Whether something was called saved that is not in the file, or the file is not as it was."""
        return (self.called_saved and not self.on_disk) or not self.whole


def moments(count: int) -> Iterator[Moment]:
    """So many moments: each step of writing, before and after, then times, which lie closer together at first."""
    exact = [Moment(step=step, after=after) for step in STEPS for after in (False, True)][:count]
    yield from exact
    spread = count - len(exact)
    for number in range(spread):
        yield Moment(LONGEST_AFTER * ((number + 0.5) / spread) ** 2)


def killed(moment: Moment, folder: Path) -> Killed:
    """Answers, kills the app at that moment, and looks."""
    path = folder / "solutions.py"
    path.write_text(BEFORE)
    first = KILLS_ITSELF.format(name=moment.step, after=moment.after) if moment.step else ""
    with terminal(path, first=first) as opened:
        type_answer(opened)
        opened.keys("\r")
        if not moment.step:
            time.sleep(moment.seconds)
            opened.process.kill()
        opened.process.wait(20)
        until(lambda: opened.family() == [], opened, "the end of all workers")
        screen = Screen()
        screen.feed(opened.raw)
    litter = parts(folder)
    text = path.read_text()
    held = read_solutions(path, "names").answers("names", NODES)
    on_disk = NODE in held and held[NODE].code == CODE
    whole = text == BEFORE or (on_disk and held["logprobs"].code == ANSWERS["logprobs"] and text.startswith("# mine\n"))
    left: tuple[str, ...] = ()
    if litter:
        with terminal(path) as again:
            until(lambda: "backward" in again.shown, again, "the lesson")
        left = parts(folder)
    return Killed(moment, screen.shows(WORD), on_disk, whole, litter, left)


def type_answer(opened: Terminal) -> None:
    """The right answer to the first node that is open, and its verdict."""
    until(lambda: "loss 3." in opened.shown, opened, "the lesson's loss")
    until(lambda: "backward 2/26" in opened.shown, opened, "the first node that is open")
    opened.keys(CODE.removeprefix(f"d{NODE} = "))
    until(lambda: "Enter submits it" in opened.shown, opened, "a verdict")


def parts(folder: Path) -> tuple[str, ...]:
    """What a killed program left of files that it was writing."""
    known = {"solutions.py", "names.txt", "history.jsonl", "config.toml", "deck.json"}
    return tuple(sorted(each.name for each in folder.iterdir() if each.name not in known))


def main() -> int:
    """Prints a line a kill, and the table; the exit code is 0 where nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=100)
    count = parser.parse_args().moments
    read_lesson("names")
    results: list[Killed] = []
    for moment in moments(count):
        with tempfile.TemporaryDirectory() as folder:
            result = killed(moment, Path(folder))
        results.append(result)
        said, there = "called saved" if result.called_saved else "-", "on the disk" if result.on_disk else "-"
        print(f"{moment!s:28}{said:14}{there:13}{'LOST ' if result.lost else ''}{' '.join(result.litter)}", flush=True)
    timed = [result for result in results if not result.moment.step]
    named = [result for result in results if result.moment.step]
    rows = {
        "moments": len(results),
        "called saved": sum(each.called_saved for each in results),
        "on the disk": sum(each.on_disk for each in results),
        "called saved, and not on the disk": sum(each.lost for each in results),
        "litter after a kill so many ms after Enter": sum(bool(each.litter) for each in timed),
        "litter after a kill at a step of writing": sum(bool(each.litter) for each in named),
        "litter after the next start": sum(bool(each.left) for each in results),
    }
    print("\n" + "\n".join(f"{name:45}{number:4}" for name, number in rows.items()))
    return int(any(each.lost or each.left for each in results) or any(each.litter for each in timed))


if __name__ == "__main__":
    sys.exit(main())
