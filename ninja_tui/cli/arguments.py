"""The arguments of ``ninja-tui``: its commands, the flags that stood for them before, and what each takes."""

from __future__ import annotations

import argparse
import enum
from collections.abc import Callable, Sequence
from pathlib import Path

from ninja_tui.cli import options, serve_options
from ninja_tui.errors import UsageError
from ninja_tui.formatting import closest

SHELLS = ("bash", "zsh", "fish")
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
        lessons = options.lesson_names()
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
    path.completer = lambda **_: (*WORDS, *options.lesson_names(), *options.files_here())  # type: ignore[attr-defined]  # argcomplete's
    parser.add_argument("--version", action=options.Version, help="tell the version, and those of PyTorch and Textual")
    options.lesson(parser)
    options.solutions(parser)
    options.surroundings(parser)
    options.part(parser)
    parser.add_argument("--in-browser", action="store_true", help=argparse.SUPPRESS)  # a process that `serve` starts
    options.log(parser)
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
    parser.add_argument("--train", metavar="N", type=options.count, help=hidden)
    options.report(parser, hidden)
    options.many(parser, hidden)
    options.training(parser, hidden)


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
        Command.LIST: ("List the lessons, what is answered in each, and what is due for practice.", options.solutions),
        Command.EXPORT: ("Write the answers in a file as a notebook, as one web page, or both.", _export),
        Command.CHECK: ("Say what is wrong with a lesson.", _check),
        Command.EXPLAIN: ("Say what a kind of mistake or a warning means, with an example and its cure.", _explain),
        Command.SERVE: ("The app in a browser: for this machine alone, or for a classroom.", _serve),
        Command.DOCTOR: ("Say what protects this machine from strangers' code, and which versions are here.", _doctor),
    }
    for command, (description, add_options) in fill.items():
        each = commands.add_parser(
            command.value, description=description, epilog=EXIT_CODES, argument_default=argparse.SUPPRESS
        )
        each.set_defaults(command=command)
        add_options(each)
        options.log(each)
        parsers[command] = each
    return parsers


def _replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", metavar="FILE", nargs="*", type=Path, default=[Arguments.solutions],
        help="solutions files, scripts or notebooks, and folders of them; - is standard input (default: solutions.py)",
    )  # fmt: skip
    options.lesson(parser)
    options.report(parser)
    options.many(parser)
    options.surroundings(parser)


def _train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", metavar="FILE", nargs="?", type=options.single, default=(), help="answers (- is standard input)"
    )
    parser.add_argument(
        "--steps", dest="train", metavar="N", type=options.count, default=STEPS,
        help=f"how many steps (default: {STEPS:,})",
    )  # fmt: skip
    options.training(parser)
    options.lesson(parser)
    options.report(parser)
    options.surroundings(parser)


def _export(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "files", metavar="FILE", nargs="?", type=options.single, default=[Arguments.solutions],
        help="answers, or for --html a script or notebook of your own (default: solutions.py; - is standard input)",
    )  # fmt: skip
    add("--notebook", metavar="FILE", type=Path, help="write a notebook that runs from top to bottom with PyTorch")
    add("--html", metavar="FILE", type=Path, help="write one page: verdicts, graph, differences, training")
    add("--force", action="store_true", help="write over files that are there")
    add(
        "--steps", dest="train", metavar="N", type=options.count,
        help=f"steps of the training on the page, 0 for none (default: {STEPS:,}; for a network of your own 0)",
    )  # fmt: skip
    add("--sample", metavar="N", type=options.count, help="names to invent (default: 20)")
    options.lesson(parser)
    add("--strict", action="store_true", help="every warning is a failure")
    add("--timeout", metavar="S", type=options.seconds, help="seconds an answer may take (default: 10)")
    options.surroundings(parser)


def _check(parser: argparse.ArgumentParser) -> None:
    lesson = parser.add_argument("check", metavar="LESSON", help="a lesson's name, or a folder")
    lesson.completer = lambda **_: (*options.lesson_names(), *options.files_here())  # type: ignore[attr-defined]  # argcomplete's
    options.surroundings(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_argument(
        "kind", metavar="KIND", nargs="?", help="such as not-summed, or closed-form (default: list them all)"
    )
    kind.completer = lambda **_: options.kind_names()  # type: ignore[attr-defined]  # argcomplete's


def _serve(parser: argparse.ArgumentParser) -> None:
    path = serve_options.add(parser)
    path.completer = lambda **_: (*options.lesson_names(), *options.files_here())  # type: ignore[attr-defined]  # argcomplete's
    options.lesson(parser)
    options.solutions(parser)
    options.surroundings(parser)
    options.part(parser)


def _practice(parser: argparse.ArgumentParser) -> None:
    options.solutions(parser)
    parser.add_argument("--data", metavar="FILE", type=Path, help="another word list: one word a line, or a CSV")


def _doctor(_: argparse.ArgumentParser) -> None:
    """It takes nothing."""
