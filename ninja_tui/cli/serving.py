"""`ninja-tui serve`: what is to be served, to whom, and what that means."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from ninja_tui.cli.arguments import Arguments
from ninja_tui.cli.requests import session_options
from ninja_tui.errors import UsageError
from ninja_tui.lesson.open import check_solutions
from ninja_tui.report.page import print_error

MISSING = "the app in a browser needs a package more: pip install 'ninja-tui[web]'"
EACH = Path("answers")
"""The folder of all visitors' answers where others than this machine's own person come."""
REACHABLE = (
    "warning: whoever reaches this address types Python that runs on this machine, locked in: without its files and "
    "the network. Nobody is asked for a password"
)
UNLOCKED = (
    "nothing on this system locks in the code that visitors of other machines would run here; "
    "--trust takes them all the same"
)


def serve(arguments: Arguments) -> int:
    """Serves until a signal comes; answers with the exit code. Raises UsageError."""
    try:
        from ninja_tui.serve.running import serve as run
        from ninja_tui.serve.site import Site, is_loopback, read_public_url
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "ninja_tui":
            raise
        raise UsageError(MISSING) from None
    lesson = arguments.path or arguments.lesson or "names"
    if lesson == "-":
        raise UsageError("a lesson is served by its name or its path, and not from standard input")
    public_url = None if arguments.public_url is None else read_public_url(arguments.public_url)
    hosts = [arguments.host] if public_url is None else [arguments.host, urlsplit(public_url).hostname or ""]
    is_private = all(map(is_loopback, hosts))
    solutions, each = _answers(arguments, is_private=is_private)
    session_options(arguments, lesson)
    check_solutions(solutions or Path("solutions.py"), lesson)
    if not is_private and not arguments.trust:
        _check_lock()
    site = Site(
        arguments.host, arguments.port, _options(arguments, lesson), solutions, each, arguments.visitors, public_url
    )

    def begin(addresses: tuple[str, ...]) -> None:
        if each is not None:
            _make(each)
        kept = f"{each}/NAME/solutions.py, by the name that each visitor gives" if each else str(solutions)
        print(f"ninja-tui is at {' and '.join(addresses)}\nAnswers go to {kept}. Ctrl-C ends it.", flush=True)
        if not is_private:
            print_error(REACHABLE)

    return 128 + run(site, begin)


def _answers(arguments: Arguments, *, is_private: bool) -> tuple[Path | None, Path | None]:
    """The solutions file of all, or the folder for one of each. Raises UsageError."""
    is_named = "solutions" in vars(arguments)
    if arguments.each is not None and is_named:
        raise UsageError("--each keeps a file of each visitor, and --solutions one of all: only one of them can be")
    each = EACH if arguments.each is None and not is_named and not is_private else arguments.each
    return (arguments.solutions, None) if each is None else (None, each)


def _make(each: Path) -> None:
    try:
        each.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {each} for answers cannot be made: {error.strerror or error}") from None


def _options(arguments: Arguments, lesson: str) -> tuple[str, ...]:
    """Those with which each process of the app is started."""
    given = {
        "--lesson": lesson,
        "--data": arguments.data,
        "--setup": arguments.setup,
        "--seed": arguments.seed,
        "--part": arguments.part if arguments.part != 1 else None,
    }
    return tuple(f"{name}={value}" for name, value in given.items() if value is not None)


def _check_lock() -> None:
    from ninja_tui.engine.workers.client import WorkerError, protection, stop_server

    try:
        is_locked = protection().is_complete
    except WorkerError as error:
        raise UsageError(str(error)) from None
    stop_server()
    if not is_locked:
        raise UsageError(UNLOCKED)
