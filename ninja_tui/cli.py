"""The command line: arguments only."""

from __future__ import annotations

import argparse
import enum
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ninja_tui import __version__
from ninja_tui.errors import UsageError

if TYPE_CHECKING:
    from ninja_tui.engine.evaluate.bench import Options
    from ninja_tui.replay import Report, Request


class Exit(enum.IntEnum):
    """What the exit code says."""

    ALL_PASS = 0
    NOT_ALL_PASS = 1
    UNUSABLE = 2


LARGEST_SEED = 2**63 - 2


def main(arguments: list[str] | None = None) -> int:
    """Runs ``ninja-tui``; answers with the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    try:
        if options.list:
            return _list(options)
        if options.check:
            return _check(options)
        return _replay(options) if options.replay else _app(options)
    except UsageError as error:
        print(f"ninja-tui: {error}", file=sys.stderr)
        return Exit.UNUSABLE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.NOT_ALL_PASS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ninja-tui",
        description="A step-through debugger for backpropagation in the terminal.",
        epilog="With --replay: exit code 0 if all nodes pass, 1 if not, 2 if a file or lesson cannot be used. "
        "With --check: 0 if nothing is wrong, 1 if something is, 2 if it cannot be read.",
    )
    parser.add_argument(
        "path", nargs="?", metavar="PATH", help="a script, notebook or lesson folder of your own to open"
    )
    parser.add_argument("--version", action="version", version=f"ninja-tui {__version__}")
    parser.add_argument("--replay", metavar="FILE", nargs="+", type=Path, help="check saved answers, without the app")
    parser.add_argument("--list", action="store_true", help="list the lessons, and what is answered in each")
    parser.add_argument("--check", metavar="LESSON", help="say what is wrong with a lesson: a name, or a folder")
    parser.add_argument("--lesson", metavar="NAME", help="the lesson (default: names)")
    parser.add_argument(
        "--solutions", metavar="FILE", type=Path, default=Path("solutions.py"),
        help="where the app saves answers (default: ./solutions.py)",
    )  # fmt: skip
    parser.add_argument(
        "--data", metavar="FILE", type=Path,
        help="another word list: one word a line, or a CSV with a column Name",
    )  # fmt: skip
    parser.add_argument(
        "--setup", metavar="FILE", type=Path, help="a script that defines what a notebook of your own needs and lacks"
    )
    parser.add_argument(
        "--part", metavar="N", type=_count, default=1, help="with PATH: which of its forward passes (default: 1)"
    )
    parser.add_argument("--seed", metavar="N", type=_seed, help="another seed than the lesson's")
    parser.add_argument("--json", metavar="FILE", help="with --replay: write the report as JSON (- for stdout)")
    parser.add_argument("--strict", action="store_true", help="with --replay: every warning is a failure")
    parser.add_argument("--train", metavar="N", type=_count, help="with --replay: train N steps on the answers")
    parser.add_argument("--sample", metavar="N", type=_count, default=20, help="with --train: names to invent (20)")
    parser.add_argument(
        "--backward", choices=("manual", "autograd"), default="manual", help="with --train: whose gradients train"
    )
    parser.add_argument(
        "--wrong", choices=("autograd", "own"), default="autograd",
        help="with --train: what stands for a gradient that does not pass",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", metavar="S", type=_seconds, default=10.0,
        help="with --replay: seconds an answer may take (default: 10)",
    )  # fmt: skip
    return parser


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if not 0 <= seed <= LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"a seed lies between 0 and {LARGEST_SEED}")
    return seed


def _count(text: str) -> int:
    from ninja_tui.engine.training.config import MOST_STEPS

    try:
        count = int(text.replace("_", ""))
    except ValueError:
        count = -1
    if not 0 <= count <= MOST_STEPS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number between 0 and {MOST_STEPS}")
    return count


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds between 0 and 86400")
    return seconds


def _options(options: argparse.Namespace) -> Options:
    from ninja_tui.engine.evaluate.bench import Options
    from ninja_tui.lesson.words import EVERY_LIST, word_list_text

    served: tuple[tuple[str, str], ...] = ()
    if options.data is not None and not _is_own(options):
        served = ((EVERY_LIST, word_list_text(options.data)),)
    return Options(options.seed, served, options.data, options.setup, options.part)


def _is_own(options: argparse.Namespace) -> bool:
    """Whether all that is to be opened are notebooks, or a file of one's own: they may read data of any form."""
    paths = [Path(options.path)] if options.path else options.replay or []
    return bool(paths) and all(path.suffix.lower() == ".ipynb" or options.path for path in paths)


def _list(options: argparse.Namespace) -> int:
    from ninja_tui.lesson.catalogue import shelf

    for lesson in shelf(options.solutions):
        print(f"{lesson.name:14} {lesson.answered:>3} of {lesson.asked:>2} answered   {lesson.about}")
    return Exit.ALL_PASS


def _check(options: argparse.Namespace) -> int:
    from ninja_tui.check import check

    lesson, findings = check(options.check, _options(options))
    for finding in findings:
        print(f"{lesson.name}: {finding}")
    if findings:
        return Exit.NOT_ALL_PASS
    asked = len(lesson.asks)
    print(f"{lesson.name}: nothing is wrong with it; {asked} gradient{'s' if asked != 1 else ''} to find")
    return Exit.ALL_PASS


def _replay(options: argparse.Namespace) -> int:
    from ninja_tui.engine.workers.client import start_server

    start_server()
    from ninja_tui.replay import Request, replay

    request = Request(tuple(options.replay), options.lesson, _options(options), options.timeout, options.strict)
    from rich.console import Console
    from rich.markup import escape

    from ninja_tui.report import json_text, print_report

    if options.train is not None and len(options.replay) > 1:
        raise UsageError("--train takes one file")
    with Console(stderr=True).status("reading") as status:
        report = replay(request, lambda words: status.update(escape(words)))
    if options.train is not None and report.files[0].error is None:
        report = _trained(report, request, options)

    if options.json == "-":
        sys.stdout.write(json_text(report))
    else:
        print_report(report, Console())
        if options.json is not None:
            _write(Path(options.json), json_text(report))
    for file in report.files:
        if options.json == "-":
            for note in file.notes:
                print(f"ninja-tui: {file.path}: {note}", file=sys.stderr)
        if file.error is not None:
            print(f"ninja-tui: {file.error}", file=sys.stderr)
    if any(file.error is not None for file in report.files):
        return Exit.UNUSABLE
    stopped = report.training is not None and report.training.outcome.stop is not None
    passed = all(file.status == "pass" for file in report.files)
    return Exit.ALL_PASS if passed and not stopped else Exit.NOT_ALL_PASS


def _trained(report: Report, request: Request, options: argparse.Namespace) -> Report:
    from dataclasses import replace

    from rich.console import Console

    from ninja_tui.engine.training.config import Backward, Plan, Wrong
    from ninja_tui.replay import train
    from ninja_tui.report import TrainingBar

    plan = Plan(
        options.train, backward=Backward(options.backward), wrong=Wrong(options.wrong), names=options.sample
    )  # fmt: skip
    with TrainingBar(Console(stderr=True), plan.steps) as bar:
        return replace(report, training=train(report.files[0], request, plan, bar.hear, bar.warn))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None


def _app(options: argparse.Namespace) -> int:
    if options.path is not None and not Path(options.path).exists():
        raise UsageError(f"{options.path} does not exist; a lesson is chosen by --lesson")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the app needs a terminal; to check saved answers use `ninja-tui --replay FILE`")
    os.environ.setdefault("TEXTUAL_FPS", "120")  # the second paint after a pause waits up to two frames
    from ninja_tui.tui.app import run

    return run(options.path or options.lesson or "names", options.solutions, _options(options))
