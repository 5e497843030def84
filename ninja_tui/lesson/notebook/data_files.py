"""The files that a discovered lesson may read: those beside it, modules too, one of --data, and the list of names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from ninja_tui.lesson.files import LARGEST_DATA, LARGEST_TEXT, content_beside, is_reachable_folder, read_bytes
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import decoded
from ninja_tui.lesson.served import as_served
from ninja_tui.lesson.syntax.fragment import Fragment, parsed
from ninja_tui.lesson.syntax.imports import imported_modules, string_literals
from ninja_tui.lesson.words import EVERY_LIST, data_file

NAMES = "names.txt"
LONGEST = 300
"""Characters of a string that may be a path."""
MOST_PATHS = 2_000
"""Strings of a file that are looked at as paths."""
MOST_ROOTS = 20
"""Folders in which modules are looked for."""
MOST_TRIES = 20_000
"""Places in which files are looked for."""
MOST = 100_000_000
"""Bytes of all files beside a notebook that are served."""


def served_for(lesson: Lesson, data: Path | None) -> tuple[tuple[str, str], ...]:
    """What ``lesson`` may open, by path: see ``files_for``."""
    return files_for(lesson.path, _before_forward(lesson), data)


def files_for(
    path: Path, fragments: Iterable[Fragment], data: Path | None, hidden: frozenset[Path] = frozenset()
) -> tuple[tuple[str, str], ...]:
    """What the code ``fragments`` of the file ``path`` may open, by path: files beside it that it, or a module beside
    it, names, and modules that they import; none of the ``hidden`` ones.

    ``data`` stands for a file of its name, for ``names.txt``, and for what is not beside the file. Raises UsageError
    where it cannot be read.
    """
    beside = Beside(path.absolute().parent, hidden)
    beside.follow(tuple(fragments))
    served = beside.served
    if data is not None:
        text = as_served(read_bytes(data, "the data file", LARGEST_DATA))
        served |= {data.name: text, NAMES: text, EVERY_LIST: text}
        served |= {each: text for each in beside.paths if _last(each) in (NAMES, data.name)}
    if NAMES not in served:
        served[NAMES] = data_file(NAMES).read_text(encoding="utf-8")
    return tuple(served.items())


def _before_forward(lesson: Lesson) -> tuple[Fragment, ...]:
    return (*lesson.setup.fragments, *lesson.minibatch.fragments)


class Beside:
    """The files in a folder that code names, and the modules there that it imports, and what these name in turn.

    Nothing outside of that folder is read, whatever path or link is named, and nothing that is ``hidden``.
    """

    def __init__(self, folder: Path, hidden: frozenset[Path] = frozenset()) -> None:
        self._hidden = hidden
        self.served: dict[str, str] = {}
        self.paths: list[str] = []
        self._folder = folder
        self.roots = [folder]
        self._left = MOST
        self._tries = MOST_TRIES

    def follow(self, fragments: Sequence[Fragment]) -> None:
        """Adds what ``fragments`` name and import, and what the modules among that name and import."""
        waiting = [(fragments, "")]
        while waiting:
            code, package = waiting.pop()
            paths = self.add_roots(code)
            self.paths += paths
            for path in paths:
                content = self._content(path)
                if content is not None:
                    self.served[path] = self.served[_last(path)] = as_served(content)
            for module in dict.fromkeys(imported_modules(code, package)):
                waiting += self._import(module)

    def add_roots(self, fragments: Sequence[Fragment]) -> list[str]:
        """Looks for modules in the folders that ``fragments`` name too; all strings there that may be paths."""
        texts = dict.fromkeys(string_literals(fragments))
        paths = [text for text in texts if text.strip() and len(text) < LONGEST and text.isprintable()][:MOST_PATHS]
        for path in paths:
            root = self._folder / path
            if (
                root not in self.roots
                and len(self.roots) < MOST_ROOTS
                and self._holds(root)
                and is_reachable_folder(root)
            ):
                self.roots.append(root)
        return paths

    def has_module(self, name: str) -> bool:
        """Whether a module, or a package, of that name lies in the folder, or in one that the code names."""
        return any(_is_file(root / f"{name}.py") or is_reachable_folder(root / name) for root in self.roots)

    def _import(self, module: str) -> Iterator[tuple[Sequence[Fragment], str]]:
        """Adds the files of ``module``, and of the packages that it is in; their code, each with its package."""
        parts = module.split(".")
        for count in range(1, len(parts) + 1):
            stem = "/".join(parts[:count])
            for name, package in ((f"{stem}/__init__.py", parts[:count]), (f"{stem}.py", parts[: count - 1])):
                content = None if name in self.served else self._first(root / name for root in self.roots)
                if content is not None:
                    self.served[name] = as_served(content)
                    yield _statements(content), ".".join(package)

    def _content(self, path: str) -> bytes | None:
        """What the file ``path`` holds, in the folder or in one of it that is named; None where there is none."""
        return self._first((self._folder / path, self._folder / _last(path), *(root / path for root in self.roots[1:])))

    def _first(self, files: Iterable[Path]) -> bytes | None:
        """The content of the first of ``files`` that is there, in the folder and not too large."""
        for file in dict.fromkeys(files):
            self._tries -= 1
            if self._tries < 0:
                return None
            content = content_beside(file, min(LARGEST_DATA, self._left)) if self._holds(file) else None
            if content is not None:
                self._left -= len(content)
                return content
        return None

    def _holds(self, path: Path) -> bool:
        """Whether ``path`` is there and stands in the folder, links followed."""
        try:
            place = path.resolve()
            return path.exists() and place.is_relative_to(self._folder.resolve()) and place not in self._hidden
        except (OSError, ValueError, RuntimeError):
            return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _statements(content: bytes) -> tuple[Fragment, ...]:
    """The code of a module, in one piece; nothing where it is no Python."""
    try:
        code = decoded(content) if len(content) <= LARGEST_TEXT else ""
    except UnicodeDecodeError:
        return ()
    return () if parsed(code) is None else (Fragment.at(code, 1),)


def _last(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name
