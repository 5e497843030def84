"""The files that a person's code finds: some that are served, those of Python's packages, and what it writes itself."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from pathlib import PurePath
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from ninja_tui.lesson.served import content_of
from ninja_tui.lesson.words import EVERY_LIST

SYSTEM = ("/usr", "/proc", "/sys", "/dev", "/etc/mime.types")
"""Beside Python's own folders what packages read."""
WRITING = frozenset("wax+")
OPTIONS = ("buffering", "encoding", "errors", "newline")
"""What ``open`` takes after a mode, in order."""


class Answer(io.BytesIO):
    """What a served address answers, to those who read it as a file and to those of ``requests``."""

    status = code = status_code = 200
    ok = True
    encoding = "utf-8"

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.content = content
        self.text = content.decode(errors="replace")
        self.headers = Message()

    def raise_for_status(self) -> None:
        """It is there."""

    def iter_lines(self, *, decode_unicode: bool = False) -> Iterator[bytes | str]:
        """The lines, without their ends."""
        yield from self.text.splitlines() if decode_unicode else self.content.splitlines()


class _InMemory(io.BytesIO):
    """An open file that is none; ``keep`` is given what it holds when it is closed."""

    def __init__(self, name: str, content: bytes, keep: Callable[[bytes], None] | None) -> None:
        super().__init__(content)
        self.name = name
        self._keep = keep

    def close(self) -> None:
        """Closes it; what was written stays."""
        if self._keep is not None and not self.closed:
            self._keep(self.getvalue())
        super().close()


class Files:
    """The texts that stand for files, by path or by the last part of it, and what code has written.

    Nothing is written to the disk: what code writes, it can read again, and nobody else can.
    """

    def __init__(self, served: Mapping[str, str]) -> None:
        self._served = served
        self._written: dict[str, bytes] = {}
        self._open = open

    def content(self, file: object) -> bytes | None:
        """What ``file`` holds; None where it is not served, nor written."""
        name = os.fspath(file) if isinstance(file, str | os.PathLike) else str(file)
        written = self._written.get(os.path.normpath(name))
        if written is not None:
            return written
        for key in (name, os.path.normpath(name), PurePath(str(name).replace("\\", "/")).name):
            if key in self._served:
                return content_of(self._served[key])
        return content_of(self._served[EVERY_LIST]) if EVERY_LIST in self._served else None

    def open(self, file: Any, mode: str = "r", *args: Any, **named: Any) -> Any:
        """In the place of ``open``; raises FileNotFoundError."""
        writing = bool(set(mode) & WRITING)
        by_others = isinstance(file, int) or named.get("opener") is not None  # such as a temporary file
        if by_others or (of_python(file) and not writing):
            return self._open(file, mode, *args, **named)
        content = b"" if "w" in mode or "x" in mode else self.content(file)
        if content is None and "a" not in mode:
            missing = f"the file {file} is not here, beside it, nor is it given with --data"
            raise FileNotFoundError(f"{missing}; with --setup FILE you can define what is made of it")
        opened = _InMemory(str(file), content or b"", self._keeper(file) if writing else None)
        if "a" in mode:
            opened.seek(0, io.SEEK_END)
        if "b" in mode:
            return opened
        options = dict(zip(OPTIONS, args, strict=False)) | named
        return io.TextIOWrapper(
            opened, options.get("encoding") or "utf-8", options.get("errors"), options.get("newline")
        )

    def _keeper(self, file: Any) -> Callable[[bytes], None]:
        name = os.path.normpath(os.fspath(file))

        def keep(content: bytes) -> None:
            self._written[name] = content

        return keep

    def save(self, otherwise: Callable[..., object]) -> Callable[..., object]:
        """In the place of ``torch.save``, which would write a file without ``open``."""

        def save(value: object, file: Any, *args: Any, **named: Any) -> object:
            if not isinstance(file, str | os.PathLike):
                return otherwise(value, file, *args, **named)
            with self.open(file, "wb") as opened:
                return otherwise(value, opened, *args, **named)

        return save

    def fetch(self, address: object) -> Answer:
        """The file that an address ends in; raises FileNotFoundError."""
        return Answer(self.open(urlsplit(str(address)).path, "rb").read())

    def retrieve(self, address: object, file: Any = None, *_: object, **__: object) -> tuple[str, Message]:
        """In the place of ``urlretrieve``; raises FileNotFoundError."""
        content = self.fetch(address).content
        name = os.fspath(file) if file is not None else PurePath(urlsplit(str(address)).path).name
        self._keeper(name)(content)
        return name, Message()

    def there(self, otherwise: Callable[[Any], bool]) -> Callable[[Any], bool]:
        """In the place of ``os.path.exists``, and of the methods of paths."""

        def there(path: Any) -> bool:
            name = str(path)
            known = PurePath(name).name in self._served or os.path.normpath(name) in self._written
            return known or otherwise(path)

        return there

    def requests(self) -> ModuleType:
        """In the place of the package of that name: what it fetches is served."""
        module = ModuleType("requests")
        errors = dict.fromkeys(("RequestException", "ConnectionError", "HTTPError", "Timeout"), OSError)
        vars(module).update(get=lambda url, *_, **__: self.fetch(url), exceptions=module, **errors)
        return module


def of_python(file: object) -> bool:
    """Whether a file belongs to Python, to a package that is installed, or to the system."""
    if not isinstance(file, str | os.PathLike):
        return False
    path = os.path.realpath(os.fspath(file))
    return isinstance(path, str) and any(path == folder or path.startswith(folder + os.sep) for folder in _folders())


def _folders() -> set[str]:
    """Where Python looks for modules, but for where it was started, and where anything may lie."""
    from_here = os.path.realpath(os.curdir)
    folders = {os.path.realpath(each) for each in (*sys.path, os.path.dirname(os.__file__)) if each}  # noqa: PTH120
    no_place = {from_here, os.path.realpath(tempfile.gettempdir()), os.path.expanduser("~"), os.sep}  # noqa: PTH111
    return {each for each in folders - no_place if not from_here.startswith(each + os.sep)} | set(SYSTEM)
