"""How the app ends other than by its quit key: by a signal, without a terminal, or by an error of its own."""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from ninja_tui.errors import InternalError
from ninja_tui.lesson.solutions import SavedAnswer, Solutions
from ninja_tui.lesson.writing import write_whole
from ninja_tui.tui.history import history_path
from ninja_tui.tui.session import Session

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
PATIENCE = 2.0
"""Seconds that the app has to end by itself."""
LAST = 7.0
"""Seconds that are then left for answers to be written, and processes to end."""
RESTORED = b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
"""Has a terminal as it was: no mouse, no pastes in brackets, the screen of before, its cursor."""
PACKAGES = ("ninja-tui", "textual", "rich", "torch")
Attributes = list[Any]
"""What a terminal is set to, as ``termios`` has it."""


class Ending:
    """Has signals end the app, by ``end`` on its own loop; and where that does nothing, by ``last`` and the process.

    A context manager. ``number`` is the signal that came, 0 for none.
    """

    def __init__(self, end: Callable[[int], None], last: Callable[[], object]) -> None:
        self._end, self._last = end, last
        self._before: dict[int, Any] = {}
        self._terminal = _terminal_attributes()
        self._begun, self._over = threading.Event(), threading.Event()
        self.number = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._insist, daemon=True, name="ending").start()  # in a handler it could lock up
        self._before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._over.set()
        self._begun.set()

    @property
    def exit_code(self) -> int:
        """The exit code after the signal, as shells have it."""
        return 128 + self.number

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.begin(number)

    def begin(self, number: int) -> None:
        """Ends the app as after the signal ``number``. Any thread may call it, more than once."""
        if self.number:
            return
        self.number = number
        self._begun.set()
        self._end(self.exit_code)

    def _insist(self) -> None:
        """Ends the process where the app does not: its loop may wait for a terminal that reads nothing."""
        self._begun.wait()
        if self._over.wait(PATIENCE):
            return
        for action, seconds in ((self._last, LAST), (self._restore, PATIENCE)):
            thread = threading.Thread(target=action, daemon=True)
            thread.start()
            thread.join(seconds)
        os._exit(self.exit_code)

    def _restore(self) -> None:
        """The terminal is the shell's again."""
        with suppress(OSError, termios.error):
            if self._terminal is not None:
                termios.tcsetattr(0, termios.TCSANOW, self._terminal)
            os.write(2, RESTORED)


def _terminal_attributes() -> Attributes | None:
    try:
        return termios.tcgetattr(0)
    except (OSError, termios.error):
        return None


def leave_terminal() -> None:
    """Lets go of a terminal that is gone, so that nothing more fails there."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def rescued(unsaved: Mapping[str, SavedAnswer], session: Session | None) -> str:
    """Has answers that could not be saved in a file of their own; what is said of it, empty where there are none."""
    if not unsaved or session is None:
        return ""
    file = Solutions("", "", session.lesson.name)
    for node, answer in unsaved.items():
        file = file.with_answer(session.lesson.name, node, answer, session.walk)
    count = len(unsaved)
    head = f"{count} answer{'s' if count != 1 else ''} could not be saved in the solutions file"
    path = _write_beside_the_history(f"unsaved-{_now()}.py", file.text)
    return f"{head}, and went into {path}" if path else f"{head}:\n{_printable(file.text)}"


def told(error: BaseException, answers: str) -> InternalError:
    """The short report on an error of our own, after the long one is written; ``answers`` says where they are."""
    import traceback  # here and below: what is only needed when all is over

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "ninja_tui" in frame.filename] or list(frames)
    where = f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
    path = _write_beside_the_history(f"crash-{_now()}.txt", _long_report(error))
    kept = f"What happened is in {path}." if path else "It could not be written down: --log FILE does."
    text = f"{type(error).__name__}{where}: an error of ninja-tui itself. {kept}"
    return InternalError(f"{text}\n{answers}" if answers else text)


def _long_report(error: BaseException) -> str:
    import platform
    import traceback

    versions = [f"{name} {_version(name)}" for name in PACKAGES]
    system = f"Python {platform.python_version()}, {platform.platform()}, TERM={os.environ.get('TERM', '')}"
    return "\n".join([", ".join(versions), system, "", *traceback.format_exception(error)])


def _version(name: str) -> str:
    from importlib.metadata import version

    try:
        return version(name)
    except Exception:  # whatever is wrong with a package, the report is to be written
        return "?"


def _now() -> str:
    return time.strftime("%Y%m%d-%H%M%S") + f"-{os.getpid()}"


def _write_beside_the_history(name: str, text: str) -> Path | None:
    """The new file in the user's state directory, or else in that for what is temporary; None where neither can be."""
    import tempfile

    for folder in (history_path().parent, Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / name, text.encode(errors="backslashreplace"))
        except OSError:
            continue
        return folder / name
    return None


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)


def say(sentence: str) -> None:
    """Tells a person who may have left, and taken the terminal along."""
    with suppress(OSError, ValueError):
        print(f"ninja-tui: {sentence}", file=sys.stderr, flush=True)
