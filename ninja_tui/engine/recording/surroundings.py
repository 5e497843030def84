"""What surrounds a person's code while it runs: what a script finds when Python itself runs it, and nothing to harm."""

from __future__ import annotations

import builtins
import contextlib
import getpass
import importlib.util
import io
import os
import pathlib
import socket
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NoReturn

import numpy.lib._datasource as numpy_files
import torch

from ninja_tui.engine.recording.devices import OnCpu
from ninja_tui.engine.recording.files import Files, of_python
from ninja_tui.engine.recording.stand_ins import StandIns
from ninja_tui.lesson.served import content_of

MAIN = "__main__"
CHANGES = (
    "makedirs", "mkdir", "chdir", "remove", "unlink", "rmdir", "removedirs", "rename", "renames", "replace", "symlink",
    "link", "truncate", "chmod",
)  # fmt: skip
"""Functions of ``os`` that would change something outside."""
TENSOR_TYPES = ("FloatTensor", "DoubleTensor", "HalfTensor", "LongTensor", "IntTensor", "ByteTensor", "BoolTensor")


class AsksForInput(EOFError):
    """Code asks a person for something while nobody is there to answer."""


def script_module(path: str, name: str = MAIN) -> ModuleType:
    """A module for the code of the file ``path``, which runs in ``vars()`` of it."""
    module = ModuleType(name)
    module.__file__ = path
    return module


@contextlib.contextmanager
def surroundings(module: ModuleType, served: Mapping[str, str]) -> Iterator[None]:
    """Within it the code of ``module``, made by ``script_module``, finds what it does when Python runs its file.

    It is in ``sys.modules``, ``sys.argv`` is the file alone, and modules among ``served`` can be imported; packages
    that only show things are there if need be. Files among ``served`` (by path) can be opened, and those of installed
    packages; what is written stays in memory. Every device is the CPU, and ``input()`` raises AsksForInput. Afterwards
    all is as it was, but for modules that were imported.
    """
    files = Files(served)
    with contextlib.ExitStack() as stack:
        stack.enter_context(OnCpu())
        stack.enter_context(_in_modules(module))
        for holder, name, value in (*_of_the_script(module), *_of_files(files), *_of_devices()):
            stack.callback(setattr, holder, name, getattr(holder, name))
            setattr(holder, name, value)
        stack.callback(_put, "requests", sys.modules.get("requests"))
        _put("requests", files.requests())
        finder = _Modules(served)
        stack.callback(sys.meta_path.remove, finder)
        sys.meta_path.insert(_before_folders(), finder)  # the file's folder is where Python looks first
        finder.forget_others()
        stand_ins = StandIns()
        stack.callback(sys.meta_path.remove, stand_ins)
        sys.meta_path.append(stand_ins)
        yield


Patch = tuple[Any, str, Any]
"""An object, the name of an attribute of it, and its value meanwhile."""


def _of_the_script(module: ModuleType) -> Iterator[Patch]:
    yield sys, "argv", [module.__file__]
    yield sys, "path", list(sys.path)
    yield sys, "breakpointhook", lambda *_, **__: None
    yield builtins, "input", _asked
    yield getpass, "getpass", _asked


def _of_files(files: Files) -> Iterator[Patch]:
    yield builtins, "open", files.open
    yield io, "open", files.open
    yield torch, "save", files.save(torch.save)
    yield urllib.request, "urlopen", lambda url, *_, **__: files.fetch(getattr(url, "full_url", url))
    yield urllib.request, "urlretrieve", files.retrieve
    yield socket.socket, "connect", _unreached
    read_by_numpy = numpy_files.open

    def open_for_numpy(path: Any, *args: Any, **named: Any) -> Any:
        if of_python(path):
            return read_by_numpy(path, *args, **named)
        mode, encoding = args[0] if args else named.get("mode", "r"), named.get("encoding")
        return files.open(path, mode, encoding=encoding)

    yield numpy_files, "open", open_for_numpy
    for name in ("exists", "isfile"):
        yield os.path, name, files.there(getattr(os.path, name))
    for name in ("exists", "is_file"):
        otherwise = getattr(pathlib.Path, name)
        yield pathlib.Path, name, _method(files.there(otherwise))
    for name in CHANGES:
        yield os, name, lambda *_, **__: None
    yield os, "system", lambda *_, **__: 0


def _of_devices() -> Iterator[Patch]:
    yield torch, "Generator", _Generator
    yield torch, "set_default_device", lambda _: None
    for name in TENSOR_TYPES:
        yield torch.cuda, name, getattr(torch, name)


class _Generator(torch.Generator):
    """A generator of the CPU, whatever device it is asked for."""

    def __new__(cls, device: Any = None) -> _Generator:
        return super().__new__(cls)


def _asked(*_: object, **__: object) -> NoReturn:
    """In the place of ``input``."""
    raise AsksForInput("input() is asked, and nobody is here to answer; with --setup FILE you can define what it gives")


def _unreached(*_: object, **__: object) -> NoReturn:
    """In the place of a connection to another machine."""
    raise ConnectionError(
        "nothing is fetched from the network here; with --setup FILE you can define what is made of it"
    )


def _method(function: Any) -> Any:
    """``function`` of a path as a method of it."""
    return lambda path, *_, **__: function(path)


@contextlib.contextmanager
def _in_modules(module: ModuleType) -> Iterator[None]:
    """Within it ``module`` is the one of its name. What had that name has it again; a name that was free stays."""
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        if before is not None:
            sys.modules[module.__name__] = before


def _put(name: str, module: ModuleType | None) -> None:
    """Makes ``import name`` give ``module``; None: look for it anew."""
    if module is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = module


def _before_folders() -> int:
    """The place of a finder that is asked before those that look into folders, and after the built-in modules."""
    return sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else len(sys.meta_path)


class _Modules(MetaPathFinder, Loader):
    """Imports the served files that are modules and packages."""

    def __init__(self, served: Mapping[str, str]) -> None:
        self._served = served
        self._folders = {key.rsplit("/", 1)[0] for key in served if key.endswith(".py") and "/" in key}

    def _file(self, fullname: str) -> str | None:
        """The served file of a module; None where there is none."""
        path = fullname.replace(".", "/")
        return next((each for each in (f"{path}/__init__.py", f"{path}.py") if each in self._served), None)

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        """The module's spec; None where no such file, or folder of such files, is served."""
        file, folder = self._file(fullname), fullname.replace(".", "/")
        if file is None and not any(f"{each}/".startswith(f"{folder}/") for each in self._folders):
            return None
        package = file is None or file.endswith("/__init__.py")
        spec = ModuleSpec(fullname, self, origin=file or folder, is_package=package)
        if package:
            spec.submodule_search_locations = [folder]
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Runs the file; raises what it raises."""
        file = self._file(module.__name__)
        if file is None:
            return
        module.__file__ = file
        vars(module)["__ninja_tui_served__"] = self._served[file]
        source = importlib.util.decode_source(content_of(self._served[file]))
        exec(compile(source, file, "exec", dont_inherit=True), vars(module))

    def forget_others(self) -> None:
        """Has modules that were imported from files which have other content now imported anew."""
        for name, module in list(sys.modules.items()):
            text = _served_text(module)
            file = self._file(name)
            if text is not None and (file is None or self._served[file] != text):
                del sys.modules[name]


def _served_text(module: ModuleType) -> str | None:
    text: str | None = getattr(module, "__dict__", {}).get("__ninja_tui_served__")
    return text


def forget_served() -> None:
    """Has all modules that were imported from served files imported anew."""
    for name, module in list(sys.modules.items()):
        if _served_text(module) is not None:
            del sys.modules[name]
