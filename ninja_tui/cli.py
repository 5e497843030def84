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


def main(argv: list[str] | None = None) -> int:
    """Runs ``ninja-tui``; answers with the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    arguments = _parser().parse_args(argv)
    try:
        _start_log(arguments)
        if arguments.list:
            return _list(arguments)
        if arguments.check:
            return _check(arguments)
        return _replay(arguments) if arguments.replay else _app(arguments)
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
    parser.add_argument(
        "--replay", metavar="FILE", nargs="+", type=Path, help="check saved answers, without the app (- for stdin)"
    )
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
    parser.add_argument("--log", metavar="FILE", type=Path, help="write what all processes do into a file")
    return parser


def _start_log(arguments: argparse.Namespace) -> None:
    """Begins a log where one is asked for, by ``--log`` or the environment; workers find it in the environment."""
    if arguments.log is not None:
        os.environ["NINJA_TUI_LOG"] = str(arguments.log.absolute())
    if not os.environ.get("NINJA_TUI_LOG"):
        return
    from ninja_tui.log import log_path, log_to

    try:
        log_to(log_path())
    except OSError as error:
        raise UsageError(f"the log {log_path()} cannot be written: {error.strerror or error}") from None


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


def _options(arguments: argparse.Namespace, served: tuple[tuple[str, str], ...] = ()) -> Options:
    from ninja_tui.engine.evaluate.bench import Options
    from ninja_tui.lesson.read import read_text

    if arguments.setup is not None:
        read_text(arguments.setup, "the set-up file")  # whatever is opened, a missing one is an error
    return Options(arguments.seed, served, arguments.data, arguments.setup, arguments.part)


def _word_list(arguments: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """The word list of --data, in the place of all that a lesson reads."""
    from ninja_tui.lesson.words import EVERY_LIST, word_list_text

    return () if arguments.data is None else ((EVERY_LIST, word_list_text(arguments.data)),)


def _list(arguments: argparse.Namespace) -> int:
    from ninja_tui.lesson.catalogue import lesson_summaries

    for lesson in lesson_summaries(arguments.solutions):
        print(f"{lesson.name:14} {lesson.answered:>3} of {lesson.asked:>2} answered   {lesson.about}")
    return Exit.ALL_PASS


def _check(arguments: argparse.Namespace) -> int:
    from ninja_tui.check import check

    lesson, findings = check(arguments.check, _options(arguments, _word_list(arguments)))
    for finding in findings:
        print(f"{lesson.name}: {finding}")
    if findings:
        return Exit.NOT_ALL_PASS
    asked = len(lesson.asks)
    print(f"{lesson.name}: nothing is wrong with it; {asked} gradient{'s' if asked != 1 else ''} to find")
    return Exit.ALL_PASS


def _replay(arguments: argparse.Namespace) -> int:
    session = _options(arguments)
    from ninja_tui.engine.workers.client import start_server

    start_server()
    from ninja_tui.lesson.read import STDIN
    from ninja_tui.replay import Request, replay

    paths = tuple(STDIN if path == Path("-") else path for path in arguments.replay)
    request = Request(paths, arguments.lesson, session, arguments.timeout, arguments.strict)
    from rich.console import Console
    from rich.markup import escape

    from ninja_tui.report import json_text, print_report

    if arguments.train is not None and len(arguments.replay) > 1:
        raise UsageError("--train takes one file")
    with Console(stderr=True).status("reading") as status:
        report = replay(request, lambda words: status.update(escape(words)))
    if arguments.train is not None and report.files[0].error is None:
        report = _trained(report, request, arguments)

    if arguments.json == "-":
        sys.stdout.write(json_text(report))
    else:
        print_report(report, Console())
        if arguments.json is not None:
            _write(Path(arguments.json), json_text(report))
    for file in report.files:
        if arguments.json == "-":
            for note in file.notes:
                print(f"ninja-tui: {file.path}: {note}", file=sys.stderr)
        if file.error is not None:
            print(f"ninja-tui: {file.error}", file=sys.stderr)
    if any(file.error is not None for file in report.files):
        return Exit.UNUSABLE
    stopped = report.training is not None and report.training.outcome.stop is not None
    passed = all(file.status == "pass" for file in report.files)
    return Exit.ALL_PASS if passed and not stopped else Exit.NOT_ALL_PASS


def _trained(report: Report, request: Request, arguments: argparse.Namespace) -> Report:
    from dataclasses import replace

    from rich.console import Console

    from ninja_tui.engine.training.config import Backward, Plan, Wrong
    from ninja_tui.replay import train
    from ninja_tui.report import TrainingBar

    plan = Plan(
        arguments.train, backward=Backward(arguments.backward), wrong=Wrong(arguments.wrong), names=arguments.sample
    )  # fmt: skip
    with TrainingBar(Console(stderr=True), plan.steps) as bar:
        return replace(report, training=train(report.files[0], request, plan, bar.show, bar.warn))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None


def _app(arguments: argparse.Namespace) -> int:
    if arguments.path is not None and not Path(arguments.path).exists():
        raise UsageError(f"{arguments.path} does not exist; a lesson is chosen by --lesson")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the app needs a terminal; to check saved answers use `ninja-tui --replay FILE`")
    os.environ.setdefault("TEXTUAL_FPS", "500")  # a verdict is painted after its key: it is not to wait for a frame
    from ninja_tui.lesson.classify import BundledLesson, locate
    from ninja_tui.tui.app import run

    lesson = arguments.path or arguments.lesson or "names"
    place = locate(lesson)
    reads_words = isinstance(place, BundledLesson) or place.is_dir()  # another file may read data of any form
    return run(lesson, arguments.solutions, _options(arguments, _word_list(arguments) if reads_words else ()))
