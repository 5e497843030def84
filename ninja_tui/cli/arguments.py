"""The arguments of ``ninja-tui``: its commands, the flags that stood for them before, and what each takes."""

from __future__ import annotations

import argparse
import enum
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ninja_tui.cli import serve_options
from ninja_tui.errors import UsageError
from ninja_tui.formatting import closest
from ninja_tui.version import __version__

LARGEST_SEED = 2**63 - 2
SHELLS = ("bash", "zsh", "fish")
MOST_JOBS = 64
STEPS = 10_000
"""Of a training, where no number is given: some seconds."""


class Command(enum.StrEnum):
    """What is to be done. All but OPEN are words of the command line."""

    OPEN = "open"
    REPLAY = "replay"
    LIST = "list"
    CHECK = "check"
    TRAIN = "train"
    PRACTICE = "practice"
    EXPORT = "export"
    DOCTOR = "doctor"
    EXPLAIN = "explain"
    SERVE = "serve"


WORDS = tuple(command.value for command in Command if command is not Command.OPEN)
EXIT_CODES = (
    "Exit codes: 0 if all nodes pass (check: if nothing is wrong), 1 if not, 2 if a file, a lesson or an option cannot "
    "be used, 3 if ninja-tui itself failed, 130 or 143 if it was interrupted."
)
USES = """\
ninja-tui [PATH]           open a lesson by its name, or a file of your own
       ninja-tui replay FILE ...  check saved answers, or a file of your own
       ninja-tui train FILE       train the network on the answers in a file
       ninja-tui practice         ask again what is due, with other numbers
       ninja-tui list             list the lessons, what is answered in each, and what is due
       ninja-tui export FILE      write the answers in a file as a notebook, or as a web page
       ninja-tui check LESSON     say what is wrong with a lesson
       ninja-tui explain KIND     say what a kind of mistake means, with an example
       ninja-tui serve [PATH]     the app in a browser, also for a classroom
       ninja-tui doctor           say what protects this machine from strangers' code"""


class Arguments(argparse.Namespace):
    """What was asked for; the values here are the defaults."""

    command: Command = Command.OPEN
    path: str | None = None
    files: Sequence[Path] = ()
    list: bool = False
    check: str | None = None
    kind: str | None = None
    lesson: str | None = None
    solutions: Path = Path("solutions.py")
    data: Path | None = None
    setup: Path | None = None
    part: int = 1
    seed: int | None = None
    json: str | None = None
    strict: bool = False
    verbose: bool = False
    train: int | None = None
    sample: int = 20
    backward: str = "manual"
    wrong: str = "autograd"
    timeout: float = 10.0
    setup_timeout: float = 60.0
    file_timeout: float = 300.0
    run_timeout: float | None = None
    jobs: int = 1
    resume: Path | None = None
    junit: Path | None = None
    csv: Path | None = None
    html: Path | None = None
    gradescope: Path | None = None
    notebook: Path | None = None
    force: bool = False
    points: Path | None = None
    exit_zero: bool = False
    watch: bool = False
    trust: bool = False
    in_browser: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    each: Path | None = None
    visitors: int = 10
    log: Path | None = None
    completion: str | None = None


def read_arguments(argv: Sequence[str]) -> Arguments:
    """What ``argv`` asks for. Raises UsageError, and SystemExit where argparse itself has the last word."""
    if argv and argv[0] in WORDS:
        return command_parser().parse_args(argv, Arguments())
    parser = app_parser()
    arguments, rest = parser.parse_known_args(argv, Arguments())
    if arguments.path in WORDS:
        raise UsageError(f"the command comes first: ninja-tui {arguments.path} …")
    if arguments.path is not None and not _exists(arguments.path):
        lessons = _lessons()
        word = closest(arguments.path, (*lessons, *WORDS))
        if arguments.path not in lessons and word in WORDS:
            raise UsageError(f"there is no command `{arguments.path}`; did you mean `{word}`?")
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.command = _command_of_flags(arguments)
    return arguments


def _exists(path: str) -> bool:
    from ninja_tui.lesson.files import exists

    return exists(Path(path))


def _command_of_flags(arguments: Arguments) -> Command:
    """The command for which a flag stands: ``--list``, ``--check``, ``--replay``."""
    if arguments.list:
        return Command.LIST
    if arguments.check:
        return Command.CHECK
    if not arguments.files:
        return Command.OPEN
    return Command.REPLAY if arguments.train is None else Command.TRAIN


def app_parser() -> argparse.ArgumentParser:
    """The parser of a line that begins with no command: the app's options, and flags that stand for commands."""
    parser = argparse.ArgumentParser(
        prog="ninja-tui",
        usage=USES,
        argument_default=argparse.SUPPRESS,
        description="A step-through debugger for backpropagation in the terminal.",
        epilog=f"`ninja-tui COMMAND --help` tells what a command takes. {EXIT_CODES}",
    )
    path = parser.add_argument(
        "path", nargs="?", metavar="PATH",
        help="a lesson's name, or a script, notebook or lesson folder of your own (default: names)",
    )  # fmt: skip
    path.completer = lambda **_: (*WORDS, *_lessons(), *_files())  # type: ignore[attr-defined]  # argcomplete's
    parser.add_argument("--version", action=_Version, help="tell the version, and those of PyTorch and Textual")
    _lesson(parser)
    _solutions(parser)
    _surroundings(parser)
    _part(parser)
    parser.add_argument("--in-browser", action="store_true", help=argparse.SUPPRESS)  # a process that `serve` starts
    _log(parser)
    parser.add_argument(
        "--completion", choices=SHELLS, metavar="SHELL",
        help=f'what completes this command in a shell ({", ".join(SHELLS)}): eval "$(ninja-tui --completion bash)"',
    )  # fmt: skip
    _flags_for_commands(parser)
    return parser


def _flags_for_commands(parser: argparse.ArgumentParser) -> None:
    """The flags that stood for the commands before there were any."""
    hidden = argparse.SUPPRESS
    parser.add_argument("--replay", dest="files", metavar="FILE", nargs="+", type=Path, help=hidden)
    parser.add_argument("--list", action="store_true", help=hidden)
    parser.add_argument("--check", metavar="LESSON", help=hidden)
    parser.add_argument("--train", metavar="N", type=_count, help=hidden)
    _report(parser, hidden)
    _many(parser, hidden)
    _training(parser, hidden)


def command_parser() -> argparse.ArgumentParser:
    """The parser of a line that begins with a command."""
    parser = argparse.ArgumentParser(prog="ninja-tui", usage=USES)
    command_parsers(parser)
    return parser


def command_parsers(parser: argparse.ArgumentParser) -> dict[Command, argparse.ArgumentParser]:
    """Adds the parser of each command to ``parser``."""
    commands = parser.add_subparsers(dest="command", required=True, prog="ninja-tui")
    parsers: dict[Command, argparse.ArgumentParser] = {}
    fill: dict[Command, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
        Command.REPLAY: ("Check saved answers, or the gradients in a script or notebook of your own.", _replay),
        Command.TRAIN: ("Train the network on the answers in a file, and sample from it.", _train),
        Command.PRACTICE: ("Ask again for the gradients that are due, with other numbers.", _practice),
        Command.LIST: ("List the lessons, what is answered in each, and what is due for practice.", _solutions),
        Command.EXPORT: ("Write the answers in a file as a notebook, as one web page, or both.", _export),
        Command.CHECK: ("Say what is wrong with a lesson.", _check),
        Command.EXPLAIN: ("Say what a kind of mistake or a warning means, with an example and its cure.", _explain),
        Command.SERVE: ("The app in a browser: for this machine alone, or for a classroom.", _serve),
        Command.DOCTOR: ("Say what protects this machine from strangers' code, and which versions are here.", _doctor),
    }
    for command, (description, options) in fill.items():
        each = commands.add_parser(
            command.value, description=description, epilog=EXIT_CODES, argument_default=argparse.SUPPRESS
        )
        each.set_defaults(command=command)
        options(each)
        _log(each)
        parsers[command] = each
    return parsers


def _replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", metavar="FILE", nargs="*", type=Path, default=[Arguments.solutions],
        help="solutions files, scripts or notebooks, and folders of them; - is standard input (default: solutions.py)",
    )  # fmt: skip
    _lesson(parser)
    _report(parser)
    _many(parser)
    _surroundings(parser)


def _train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", metavar="FILE", nargs="?", type=_single, default=(), help="answers (- is standard input)"
    )
    parser.add_argument(
        "--steps", dest="train", metavar="N", type=_count, default=STEPS, help=f"how many steps (default: {STEPS:,})"
    )
    _training(parser)
    _lesson(parser)
    _report(parser)
    _surroundings(parser)


def _export(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "files", metavar="FILE", nargs="?", type=_single, default=[Arguments.solutions],
        help="answers, or for --html a script or notebook of your own (default: solutions.py; - is standard input)",
    )  # fmt: skip
    add("--notebook", metavar="FILE", type=Path, help="write a notebook that runs from top to bottom with PyTorch")
    add("--html", metavar="FILE", type=Path, help="write one page: verdicts, graph, differences, training")
    add("--force", action="store_true", help="write over files that are there")
    add(
        "--steps", dest="train", metavar="N", type=_count,
        help=f"steps of the training on the page, 0 for none (default: {STEPS:,}; for a network of your own 0)",
    )  # fmt: skip
    add("--sample", metavar="N", type=_count, help="names to invent (default: 20)")
    _lesson(parser)
    add("--strict", action="store_true", help="every warning is a failure")
    add("--timeout", metavar="S", type=_seconds, help="seconds an answer may take (default: 10)")
    _surroundings(parser)


def _check(parser: argparse.ArgumentParser) -> None:
    lesson = parser.add_argument("check", metavar="LESSON", help="a lesson's name, or a folder")
    lesson.completer = lambda **_: (*_lessons(), *_files())  # type: ignore[attr-defined]  # argcomplete's
    _surroundings(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_argument(
        "kind", metavar="KIND", nargs="?", help="such as not-summed, or closed-form (default: list them all)"
    )
    kind.completer = lambda **_: _kinds()  # type: ignore[attr-defined]  # argcomplete's


def _serve(parser: argparse.ArgumentParser) -> None:
    path = serve_options.add(parser)
    path.completer = lambda **_: (*_lessons(), *_files())  # type: ignore[attr-defined]  # argcomplete's
    _lesson(parser)
    _solutions(parser)
    _surroundings(parser)
    _part(parser)


def _practice(parser: argparse.ArgumentParser) -> None:
    _solutions(parser)
    parser.add_argument("--data", metavar="FILE", type=Path, help="another word list: one word a line, or a CSV")


def _doctor(_: argparse.ArgumentParser) -> None:
    """It takes nothing."""


def _lesson(parser: argparse.ArgumentParser) -> None:
    lesson = parser.add_argument("--lesson", metavar="NAME", help="the lesson (default: names, or what the file says)")
    lesson.completer = lambda **_: _lessons()  # type: ignore[attr-defined]  # argcomplete's


def _solutions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--solutions", metavar="FILE", type=Path, help="where the app saves answers (default: ./solutions.py)"
    )


def _surroundings(parser: argparse.ArgumentParser) -> None:
    """What a lesson or a file is run with."""
    parser.add_argument(
        "--data", metavar="FILE", type=Path, help="another word list: one word a line, or a CSV with a column Name"
    )
    parser.add_argument(
        "--setup", metavar="FILE", type=Path, help="a script that defines what a notebook of your own needs and lacks"
    )
    parser.add_argument("--seed", metavar="N", type=_seed, help="another seed than the lesson's")


def _part(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--part", metavar="N", type=_count, help="of a file with several forward passes the N-th (default: 1)"
    )


def _report(parser: argparse.ArgumentParser, hidden: str | None = None) -> None:
    """What is told of answers, and how they are judged."""
    add = parser.add_argument
    add("-v", "--verbose", action="store_true", help=hidden or "a table of all answers, and a note on each")
    add("--json", metavar="FILE", help=hidden or "write the report as JSON (- for standard output)")
    add("--strict", action="store_true", help=hidden or "every warning is a failure")
    add("--timeout", metavar="S", type=_seconds, help=hidden or "seconds an answer may take (default: 10)")


def _many(parser: argparse.ArgumentParser, hidden: str | None = None) -> None:
    """How many files are judged, for how long, and what is written of them."""
    add = parser.add_argument
    add("--jobs", metavar="N", type=_jobs, help=hidden or "files that are judged at once (default: 1)")
    add("--setup-timeout", metavar="S", type=_seconds, help=hidden or "seconds a set-up may take (default: 60)")
    add("--file-timeout", metavar="S", type=_seconds, help=hidden or "seconds a file may take (default: 300)")
    add("--run-timeout", metavar="S", type=_seconds, help=hidden or "seconds the run may take (default: no limit)")
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


def _training(parser: argparse.ArgumentParser, hidden: str | None = None) -> None:
    add = parser.add_argument
    add("--sample", metavar="N", type=_count, help=hidden or "names to invent (default: 20)")
    add("--backward", choices=("manual", "autograd"), help=hidden or "whose gradients train (default: manual)")
    stands = "what stands for a gradient that does not pass (default: autograd)"
    add("--wrong", choices=("autograd", "own"), help=hidden or stands)


def _log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--log", metavar="FILE", type=Path, help="write what all processes do into a file")


class _Version(argparse.Action):
    """Tells the versions of what a report of a fault needs; imports none of them."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        told = []
        for title, package in (("torch", "torch"), ("Textual", "textual")):
            try:
                told.append(f"{title} {version(package)}")
            except PackageNotFoundError:
                told.append(f"{title} is not installed")
        print(f"ninja-tui {__version__} ({', '.join(told)}, Python {sys.version.split()[0]})")
        parser.exit()


def _lessons() -> list[str]:
    from ninja_tui.lesson.read import lesson_names

    return lesson_names()


def _kinds() -> tuple[str, ...]:
    from ninja_tui.report.as_explanation import NAMES

    return NAMES


def _files() -> list[str]:
    """What stands in the current folder, for a completion that knows other words too."""
    return [f"{path.name}/" if path.is_dir() else path.name for path in sorted(Path().iterdir())]


def _single(text: str) -> list[Path]:
    return [Path(text)]


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


def _jobs(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_JOBS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number between 1 and {MOST_JOBS}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds between 0 and 86400")
    return seconds
