"""Options that several commands share, and what their values may be."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ninja_tui.version import __version__

LARGEST_SEED = 2**63 - 2
MOST_JOBS = 64


def lesson(parser: argparse.ArgumentParser) -> None:
    """Which lesson."""
    chosen = parser.add_argument("--lesson", metavar="NAME", help="the lesson (default: names, or what the file says)")
    chosen.completer = lambda **_: lesson_names()  # type: ignore[attr-defined]  # argcomplete's


def solutions(parser: argparse.ArgumentParser) -> None:
    """Where answers are saved."""
    parser.add_argument(
        "--solutions", metavar="FILE", type=Path, help="where the app saves answers (default: ./solutions.py)"
    )


def surroundings(parser: argparse.ArgumentParser) -> None:
    """What a lesson or a file is run with."""
    parser.add_argument(
        "--data", metavar="FILE", type=Path, help="another word list: one word a line, or a CSV with a column Name"
    )
    parser.add_argument(
        "--setup", metavar="FILE", type=Path, help="a script that defines what a notebook of your own needs and lacks"
    )
    parser.add_argument("--seed", metavar="N", type=seed, help="another seed than the lesson's")


def part(parser: argparse.ArgumentParser) -> None:
    """Which forward pass of a file."""
    parser.add_argument(
        "--part", metavar="N", type=count, help="of a file with several forward passes the N-th (default: 1)"
    )


def report(parser: argparse.ArgumentParser, hidden: str | None = None) -> None:
    """What is told of answers, and how they are judged."""
    add = parser.add_argument
    add("-v", "--verbose", action="store_true", help=hidden or "a table of all answers, and a note on each")
    add("--json", metavar="FILE", help=hidden or "write the report as JSON (- for standard output)")
    add("--strict", action="store_true", help=hidden or "every warning is a failure")
    add("--timeout", metavar="S", type=seconds, help=hidden or "seconds an answer may take (default: 10)")


def many(parser: argparse.ArgumentParser, hidden: str | None = None) -> None:
    """How many files are judged, for how long, and what is written of them."""
    add = parser.add_argument
    add("--jobs", metavar="N", type=jobs, help=hidden or "files that are judged at once (default: 1)")
    add("--setup-timeout", metavar="S", type=seconds, help=hidden or "seconds a set-up may take (default: 60)")
    add("--file-timeout", metavar="S", type=seconds, help=hidden or "seconds a file may take (default: 300)")
    add("--run-timeout", metavar="S", type=seconds, help=hidden or "seconds the run may take (default: no limit)")
    resume = "go on with a run whose report is in FILE: what it judged, and has not changed, is not judged again"
    add("--resume", metavar="FILE", type=Path, help=hidden or resume)
    add("--junit", metavar="FILE", type=Path, help=hidden or "write JUnit's XML: a suite a file, a case an answer")
    add("--csv", metavar="FILE", type=Path, help=hidden or "write a table: a row an answer")
    add("--html", metavar="FOLDER", type=Path, help=hidden or "write web pages: one a file, and an index")
    add("--gradescope", metavar="FILE", type=Path, help=hidden or "write the results.json of a Gradescope autograder")
    add("--points", metavar="FILE", type=Path, help=hidden or "what nodes are worth, in TOML (default: a point each)")
    add("--exit-zero", action="store_true", help=hidden or "exit with 0 whatever the verdicts are")
    add("--watch", action="store_true", help=hidden or "judge again when a file is saved, until Ctrl-C")
    trust = "run files of others also where this system has no lock for them"
    add("--trust", action="store_true", help=hidden or trust)


def training(parser: argparse.ArgumentParser, hidden: str | None = None) -> None:
    """What trains, and how many names are invented."""
    add = parser.add_argument
    add("--sample", metavar="N", type=count, help=hidden or "names to invent (default: 20)")
    add("--backward", choices=("manual", "autograd"), help=hidden or "whose gradients train (default: manual)")
    stands = "what stands for a gradient that does not pass (default: autograd)"
    add("--wrong", choices=("autograd", "own"), help=hidden or stands)


def log(parser: argparse.ArgumentParser) -> None:
    """Where what the processes do is written."""
    parser.add_argument("--log", metavar="FILE", type=Path, help="write what all processes do into a file")


class Version(argparse.Action):
    """Tells the versions of what a report of a fault needs; imports none of them."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Prints them, and ends."""
        from importlib.metadata import PackageNotFoundError, version

        told = []
        for title, package in (("torch", "torch"), ("Textual", "textual")):
            try:
                told.append(f"{title} {version(package)}")
            except PackageNotFoundError:
                told.append(f"{title} is not installed")
        print(f"ninja-tui {__version__} ({', '.join(told)}, Python {sys.version.split()[0]})")
        parser.exit()


def lesson_names() -> list[str]:
    """The bundled lessons."""
    from ninja_tui.lesson import read

    return read.lesson_names()


def kind_names() -> tuple[str, ...]:
    """The kinds of mistakes, and the warnings."""
    from ninja_tui.report.as_explanation import NAMES

    return NAMES


def files_here() -> list[str]:
    """What stands in the current folder, for a completion that knows other words too."""
    return [f"{path.name}/" if path.is_dir() else path.name for path in sorted(Path().iterdir())]


def single(text: str) -> list[Path]:
    """A path, as the only one of a list."""
    return [Path(text)]


def seed(text: str) -> int:
    """A seed. Raises ArgumentTypeError."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if not 0 <= number <= LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"a seed lies between 0 and {LARGEST_SEED}")
    return number


def count(text: str) -> int:
    """A number of steps, or of names; underscores may group its digits. Raises ArgumentTypeError."""
    from ninja_tui.engine.training.config import MOST_STEPS

    try:
        number = int(text.replace("_", ""))
    except ValueError:
        number = -1
    if not 0 <= number <= MOST_STEPS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number between 0 and {MOST_STEPS}")
    return number


def jobs(text: str) -> int:
    """How many files are judged at once. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_JOBS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number between 1 and {MOST_JOBS}")
    return int(text)


def seconds(text: str) -> float:
    """A time limit. Raises ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds between 0 and 86400")
    return number
