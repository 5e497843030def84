"""The files that a discovered lesson may read: those beside it, modules too, one of --data, and the list of names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import decoded, read_text
from ninja_tui.lesson.served import as_served
from ninja_tui.lesson.syntax.fragment import Fragment, parsed
from ninja_tui.lesson.syntax.imports import imported_modules, string_literals
from ninja_tui.lesson.words import EVERY_LIST, data_file

NAMES = "names.txt"
LONGEST = 300
"""Characters of a string that may be a path."""
LARGEST = 50_000_000
"""Bytes of a file beside a notebook that are served at the most."""
MOST = 200_000_000
"""Bytes of all such files."""


def served_for(lesson: Lesson, data: Path | None) -> tuple[tuple[str, str], ...]:
    """What ``lesson`` may open, by path: see ``files_for``."""
    return files_for(lesson.path, _before_forward(lesson), data)


def files_for(path: Path, fragments: Iterable[Fragment], data: Path | None) -> tuple[tuple[str, str], ...]:
    """What the code ``fragments`` of the file ``path`` may open, by path: files beside it that it, or a module beside
    it, names, and modules that they import.

    ``data`` stands for a file of its name, for ``names.txt``, and for what is not beside the file. Raises UsageError
    where it cannot be read.
    """
    beside = _Beside(path.absolute().parent)
    beside.follow(tuple(fragments), "")
    served = beside.served
    if data is not None:
        text = as_served(_bytes_of(data))
        served |= {data.name: text, NAMES: text, EVERY_LIST: text}
        served |= {each: text for each in beside.paths if _last(each) in (NAMES, data.name)}
    if NAMES not in served:
        served[NAMES] = data_file(NAMES).read_text(encoding="utf-8")
    return tuple(served.items())


def has_module(name: str, path: Path, fragments: Sequence[Fragment]) -> bool:
    """Whether a module, or a package, lies beside the file ``path`` of that code, or in a folder that it names."""
    beside = _Beside(path.absolute().parent)
    beside.add_roots(fragments)
    return any((root / f"{name}.py").is_file() or (root / name).is_dir() for root in beside.roots)


def _bytes_of(data: Path) -> bytes:
    try:
        return data.read_bytes()
    except OSError:
        return read_text(data, "the data file").encode()  # which says what is wrong


def _before_forward(lesson: Lesson) -> tuple[Fragment, ...]:
    return (*lesson.setup.fragments, *lesson.minibatch.fragments)


class _Beside:
    """The files in a folder that code names, and the modules there that it imports, and what these name in turn."""

    def __init__(self, folder: Path) -> None:
        self.served: dict[str, str] = {}
        self.paths: list[str] = []
        self._folder = folder
        self.roots = [folder]
        self._left = MOST

    def follow(self, fragments: Sequence[Fragment], package: str) -> None:
        """Adds what ``fragments``, code of a module in ``package``, name and import."""
        paths = self.add_roots(fragments)
        self.paths += paths
        for path in paths:
            content = self._content(path)
            if content is not None:
                self.served[path] = self.served[_last(path)] = as_served(content)
        for module in imported_modules(fragments, package):
            self._import(module)

    def add_roots(self, fragments: Sequence[Fragment]) -> list[str]:
        """Looks for modules in the folders that ``fragments`` name too; all strings there that may be paths."""
        texts = dict.fromkeys(string_literals(fragments))
        paths = [text for text in texts if text.strip() and len(text) < LONGEST and "\n" not in text]
        for path in paths:
            self._add_root(path)
        return paths

    def _import(self, module: str) -> None:
        """Adds the files of ``module``, and of the packages that it is in."""
        parts = module.split(".")
        for count in range(1, len(parts) + 1):
            stem = "/".join(parts[:count])
            for name, package in ((f"{stem}/__init__.py", parts[:count]), (f"{stem}.py", parts[: count - 1])):
                content = None if name in self.served else self._module(name)
                if content is not None:
                    self.served[name] = as_served(content)
                    self.follow(_statements(content), ".".join(package))

    def _module(self, name: str) -> bytes | None:
        return next((each for root in self.roots if (each := self._read(root / name)) is not None), None)

    def _content(self, path: str) -> bytes | None:
        """What the file ``path`` holds, in the folder or in one of it that is named; None where there is none."""
        for file in (self._folder / path, self._folder / _last(path), *(root / path for root in self.roots[1:])):
            try:
                inside = file.resolve().is_relative_to(self._folder.resolve())
            except (OSError, ValueError):
                continue
            content = self._read(file) if inside else None
            if content is not None:
                return content
        return None

    def _read(self, file: Path) -> bytes | None:
        """The content of a file that is there and not too large."""
        try:
            size = file.stat().st_size if file.is_file() else LARGEST
            if size >= min(LARGEST, self._left):
                return None
            self._left -= size
            return file.read_bytes()
        except (OSError, ValueError):
            return None

    def _add_root(self, path: str) -> None:
        """Looks for modules in the folder ``path`` too: it may be put on ``sys.path``."""
        try:
            root = self._folder / path
            if root not in self.roots and root.is_dir():
                self.roots.append(root)
        except (OSError, ValueError):
            return


def _statements(content: bytes) -> tuple[Fragment, ...]:
    """The code of a module, in one piece; nothing where it is no Python."""
    try:
        code = decoded(content)
    except UnicodeDecodeError:
        return ()
    return () if parsed(code) is None else (Fragment.at(code, 1),)


def _last(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name
