"""What code of any form finds outside of itself: some files to read, and a CPU whatever device it asks for."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import PurePath
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import numpy.lib._datasource as numpy_files
import torch

from ninja_tui.engine.recording.devices import OnCpu
from ninja_tui.lesson.words import EVERY_LIST


class _Generator(torch.Generator):
    """A generator of the CPU, whatever device it is asked for."""

    def __new__(cls, device: Any = None) -> _Generator:
        return super().__new__(cls)


@contextlib.contextmanager
def at_home(served: Mapping[str, str]) -> Iterator[None]:
    """Within it files of ``served`` (by name) can be opened and no others, and every device is the CPU."""
    files = _Files(served)
    with contextlib.ExitStack() as stack:
        stack.enter_context(OnCpu())
        instead: list[tuple[Any, str, Any]] = [
            (torch, "Generator", _Generator),
            (torch, "set_default_device", lambda _: None),
            (builtins, "open", files.open),
            (io, "open", files.open),
            (urllib.request, "urlopen", lambda url, *_, **__: files.fetch(getattr(url, "full_url", url))),
            (urllib.request, "urlretrieve", lambda url, *_: (url, None)),
            (numpy_files, "open", files.open),
        ]
        instead += [(os.path, name, files.there(getattr(os.path, name))) for name in ("exists", "isfile")]
        instead += [(os, name, lambda *_, **__: None) for name in ("makedirs", "mkdir", "chdir", "system")]
        for module, name, value in instead:
            stack.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, value)
        stack.callback(_put, "requests", sys.modules.get("requests"))
        _put("requests", _requests(files))
        modules = _Modules(served)
        stack.callback(sys.meta_path.remove, modules)
        sys.meta_path.append(modules)
        yield


class _Modules(MetaPathFinder, Loader):
    """Imports the served files that are modules, where nothing else is called so."""

    def __init__(self, served: Mapping[str, str]) -> None:
        self._served = served

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        """The module's spec; None where no such file is served."""
        return ModuleSpec(fullname, self, origin=f"{fullname}.py") if f"{fullname}.py" in self._served else None

    def exec_module(self, module: ModuleType) -> None:
        """Runs the file; raises what it raises."""
        module.__file__ = f"{module.__name__}.py"
        exec(compile(self._served[f"{module.__name__}.py"], f"{module.__name__}.py", "exec"), vars(module))


def _put(name: str, module: ModuleType | None) -> None:
    """Makes ``import name`` give ``module``; None: look for it anew."""
    if module is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = module


def _requests(files: _Files) -> ModuleType:
    """In the place of the package: what it fetches is served."""
    module = ModuleType("requests")
    errors = dict.fromkeys(("RequestException", "ConnectionError", "HTTPError", "Timeout"), OSError)
    vars(module).update(get=lambda url, *_, **__: files.fetch(url), exceptions=module, **errors)
    return module


class _Answer(io.BytesIO):
    """What a served address answers, to those who read it as a file and to those of ``requests``."""

    status = code = status_code = 200
    ok = True
    encoding = "utf-8"

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.content = content
        self.text = content.decode()
        self.headers = Message()

    def raise_for_status(self) -> None:
        """It is there."""

    def iter_lines(self, *, decode_unicode: bool = False) -> Iterator[bytes | str]:
        """The lines, without their ends."""
        yield from self.text.splitlines() if decode_unicode else self.content.splitlines()


class _Files:
    """The texts that stand for files, by path or by the last part of it."""

    def __init__(self, served: Mapping[str, str]) -> None:
        self._served = served
        self._open = open

    def text(self, file: object) -> str | None:
        """The text that stands for ``file``; None where none does."""
        name = str(file)
        for key in (name, PurePath(name.replace("\\", "/")).name):
            if key in self._served:
                return self._served[key]
        return self._served.get(EVERY_LIST)

    def open(self, file: Any, mode: str = "r", *args: Any, **named: Any) -> Any:
        """In the place of ``open``; raises FileNotFoundError, PermissionError for writing."""
        if isinstance(file, int) or _of_python(str(file)):
            return self._open(file, mode, *args, **named)
        if set(mode) & set("wax+"):
            raise PermissionError(f"{file}: files are only read here")
        text = self.text(file)
        if text is None:
            raise FileNotFoundError(f"the file {file} is not here, beside it, nor is it given with --data")
        return io.BytesIO(text.encode()) if "b" in mode else io.StringIO(text)

    def fetch(self, address: object) -> _Answer:
        """The file that an address ends in; raises FileNotFoundError."""
        return _Answer(self.open(urlsplit(str(address)).path, "rb").read())

    def there(self, otherwise: Callable[[Any], bool]) -> Callable[[Any], bool]:
        """In the place of ``os.path.exists``."""
        return lambda path: PurePath(str(path)).name in self._served or otherwise(path)


def _of_python(path: str) -> bool:
    """Whether a file is one that an import may need."""
    return path.startswith(PYTHON) and path.endswith((".py", ".pyc", ".so", ".json", ".txt", ".dat", ".cfg"))


PYTHON = tuple({os.path.realpath(os.path.dirname(os.path.dirname(module.__file__ or ""))) for module in (os, torch)})  # noqa: PTH120
