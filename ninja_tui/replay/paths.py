"""The files that are meant by files and folders, in the order in which they are named and by name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.lesson.files import is_reachable_folder
from ninja_tui.lesson.notebook.cells import MARKDOWN, NOTEBOOK, SCRIPT
from ninja_tui.lesson.notebook.fences import has_python_fence

SUFFIXES = frozenset({SCRIPT, NOTEBOOK}) | MARKDOWN
CHECKPOINT = "-checkpoint"
LEFT_OUT = frozenset({"__pycache__", "site-packages", "node_modules"})
LARGEST_MARKDOWN = 1 << 20
"""Bytes of a Markdown file in which code is looked for."""


@dataclass(frozen=True)
class Submission:
    """A file to judge; ``problem`` says why there is none. ``named``: by the person, not found in a folder."""

    path: Path
    problem: str | None = None
    named: bool = True


def find(paths: Iterable[Path]) -> tuple[Submission, ...]:
    """The scripts, notebooks and Markdown files with code that ``paths`` are, or hold at any depth.

    Hidden files, checkpoints, links and whatever is no regular file are left out of folders: a link may lead to
    another's file, or round in a circle.
    """
    return tuple(each for path in paths for each in _found(path))


def handed_in(paths: Iterable[Path]) -> frozenset[Path]:
    """Where all files are that ``paths`` mean, links followed."""
    return frozenset(each.path.resolve() for each in find(paths) if each.problem is None)


def hidden_from(path: Path, paths: Iterable[Path], handed_in: frozenset[Path]) -> frozenset[Path]:
    """What the file ``path`` is not to see: of files that are named, or lie in a folder that is named, all others.

    A folder inside one that is named is one person's, whose files see each other.
    """
    folders = {each.resolve() for each in paths if is_reachable_folder(each)}
    place = path.resolve()
    if place.parent not in folders and any(each in place.parents for each in folders):
        return frozenset()
    return handed_in - {place}


def _found(path: Path) -> Iterator[Submission]:
    if not is_reachable_folder(path):
        yield Submission(path)
        return
    empty = True
    for each in _inside(path):
        empty = False
        yield each
    if empty:
        yield Submission(path, f"the folder {path} holds no script, notebook or Markdown file with code")


def _inside(folder: Path) -> Iterator[Submission]:
    """What is to be judged in ``folder``, files before folders; one that cannot be read is a problem in its place."""
    folders = [folder]
    while folders:
        at = folders.pop()
        try:
            with os.scandir(at) as entries:
                found = sorted((each for each in entries if not _is_left_out(each.name)), key=lambda each: each.name)
        except OSError as error:
            yield Submission(at, f"the folder {at} cannot be read: {error.strerror or error}", named=False)
            continue
        for entry in found:
            path = at / entry.name
            if _is_code(path) and _mode(entry) == stat.S_IFREG and _holds_code(path):
                yield Submission(path, named=False)
        folders += [at / each.name for each in reversed(found) if _mode(each) == stat.S_IFDIR]


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in LEFT_OUT


def _mode(entry: os.DirEntry[str]) -> int:
    """What kind of file it is itself, where it is a link; 0 for what is not there any more."""
    try:
        return stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return 0


def _is_code(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.stem.endswith(CHECKPOINT)


def _holds_code(path: Path) -> bool:
    """Whether it is more than prose; a file that cannot be read is told when it is judged."""
    if path.suffix.lower() not in MARKDOWN:
        return True
    try:
        with path.open("rb") as stream:
            return has_python_fence(stream.read(LARGEST_MARKDOWN).decode("utf-8", "replace"))
    except OSError:
        return True
