"""The file of the settings is written: only what has changed, and everything else in it stays."""

from __future__ import annotations

import enum
import os
import threading
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path

from ninja_tui.engine.serial_queue import SerialQueue
from ninja_tui.lesson.writing import write_whole
from ninja_tui.tui.commands import COMMANDS, TRAINING
from ninja_tui.tui.config import Known, Reading, Settings, read_settings
from ninja_tui.tui.keymap import read_keymap

Plain = str | int | bool | Mapping[str, int] | Mapping[str, str]
"""A setting as TOML has it."""

HEAD = """\
# The settings of ninja-tui. The app writes here what is chosen in it, and leaves the rest of the file as it is.

# The colours; the command palette (Ctrl+P, Theme) has them all, "high-contrast" among them. Empty: the terminal's.
theme = ""

# Upstream gradients: "passing" (yours where they pass), "yours" or "reference".
upstream = "passing"

# The pane that is shown first where they take turns. Empty: the tensor.
pane = ""

# Whether the walk forward asks for the shape of a step before it shows the tensor.
questions = true

# Whether practice asks with other sizes than the lesson's (batch_size, n_hidden …), and not with another seed alone.
other_sizes = false

# The keys of commands: a letter takes the place of the letter, other keys that of the other. Without the # they hold.
[keys]
"""
"""A new file up to the list of all commands."""


NOTHING_READ = Reading()


class Job(enum.Enum):
    """What the thread of a file does."""

    WRITE = "write"


class Config:
    """The settings of this session, and the file that keeps them.

    It is written in a thread of its own. Whatever goes wrong there is told once, by ``tell``, which that thread calls.
    """

    def __init__(self, path: Path | None = None, reading: Reading = NOTHING_READ) -> None:
        self.settings = reading.settings
        self.keymap = read_keymap(reading.settings.keys)
        self.problems = (*reading.problems, *self.keymap.problems)
        self.path = path if reading.usable else None
        self.title = "" if path is None else _short(path)
        self.tell: Callable[[str], None] = lambda sentence: None
        self._pending: dict[str, Plain] = {}
        self._lock = threading.Lock()
        self._thread = SerialQueue()

    @classmethod
    def opened(cls, path: Path, known: Known) -> Config:
        """With what the file says."""
        return cls(path, read_settings(path, known))

    def keep(self, settings: Settings) -> None:
        """These are the settings from now on; the file gets those that have changed."""
        changed = {name: value for name, value in plain(settings).items() if value != plain(self.settings)[name]}
        self.settings = settings
        if not changed or self.path is None:
            return
        with self._lock:
            self._pending |= changed
        if not self._thread.is_alive():
            self._thread.start()
        self._thread.add(self._write, Job.WRITE)

    def close(self) -> None:
        """Writes what has not been written yet."""
        self._thread.close()
        self._write()

    def _write(self) -> None:
        with self._lock:
            changed, self._pending = self._pending, {}
            if not changed or self.path is None:
                return
            try:
                write(self.path, changed)
            except OSError as error:
                self._give_up(f"cannot be written ({error.strerror or error})")
            except ValueError as error:
                self._give_up(f"can no longer be read: {error}")

    def _give_up(self, reason: str) -> None:
        self.path = None
        self.tell(f"Settings are not kept: {self.title} {reason}.")


def _short(path: Path) -> str:
    home = os.path.expanduser("~") + os.sep  # noqa: PTH111 - where nobody has a home it raises nothing
    return str(path).replace(home, f"~{os.sep}", 1) if str(path).startswith(home) else str(path)


def plain(settings: Settings) -> dict[str, Plain]:
    """The settings by name, as TOML has them."""
    return {
        "theme": settings.theme,
        "upstream": settings.upstream.name.lower(),
        "pane": settings.pane,
        "questions": settings.questions,
        "other_sizes": settings.other_sizes,
        "sizes": dict(settings.sizes),
        "keys": dict(settings.keys),
    }


def write(path: Path, changed: Mapping[str, Plain]) -> None:
    """Puts the settings in the file, all of them or none.

    Raises OSError where it cannot be written, and ValueError where what is in it is not TOML.
    """
    path = path.resolve()  # a link stays one
    if path.exists() and not path.is_file():
        return  # /dev/null: nothing is to be kept
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = new_file()
        path.parent.mkdir(parents=True, exist_ok=True)
    text = rewritten(text, changed)
    write_whole(path, text.encode())


def rewritten(text: str, changed: Mapping[str, Plain]) -> str:
    """The text with these settings, its comments and all else as they were. Raises ValueError where it is not TOML."""
    import tomlkit  # in the thread that writes: it takes longer to load than all that is painted first

    document = tomlkit.parse(text)
    for name, value in changed.items():
        inside = document.get(name)
        if isinstance(value, Mapping) and isinstance(inside, MutableMapping):
            for each in [each for each in inside if each not in value]:
                del inside[each]
            inside.update({each: part for each, part in value.items() if inside.get(each) != part})
        else:
            document[name] = value
    return tomlkit.dumps(document)


def new_file() -> str:
    """The defaults, each with its comment, and all commands with their keys."""
    commands = (*COMMANDS, *TRAINING)
    lines = [
        f'# {command.id} = "{",".join(keys for keys in (command.key, command.prompt_key) if keys)}"  # {command.title}'
        for command in commands
    ]
    return HEAD + "\n".join(lines) + "\n"
