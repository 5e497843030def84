"""Records what code does to tensors, and in which line of one function each of it was done."""

from __future__ import annotations

import dis
import functools
import inspect
import linecache
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch

from ninja_tui.engine.recording.record import Number
from ninja_tui.engine.recording.recorder import Recorder


@dataclass(frozen=True)
class Line:
    """A line of a file; ``code`` is its text, where the file can be read."""

    path: str
    number: int
    code: str = ""

    @classmethod
    def of(cls, path: str, number: int) -> Line:
        """The line ``number`` of the file ``path``."""
        return cls(path, number, linecache.getline(path, number).strip())

    @property
    def place(self) -> str:
        """``tests/test_layers.py:12``, as seen from the folder that the tests run in."""
        path = Path(self.path)
        if path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        return f"{path}:{self.number}"


class Followed:
    """A function whose lines are noted while it runs."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.code = code_of(function)

    def line(self) -> tuple[str, int] | None:
        """The line of it that is running; None outside of it."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code is self.code:
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back
        return None

    @property
    def last(self) -> Line | None:
        """The line of its ``return``, or its first one where there are several; None where it is not Python's."""
        if self.code is None:
            return None
        returns = {
            each.positions.lineno
            for each in dis.get_instructions(self.code)
            if each.opname.startswith("RETURN_") and each.positions is not None and each.positions.lineno is not None
        }
        number = returns.pop() if len(returns) == 1 else self.code.co_firstlineno
        return Line.of(self.code.co_filename, number)


def code_of(function: Callable[..., Any]) -> CodeType | None:
    """The code of what a person wrote, within decorators and ``partial``; None where it is not Python's."""
    written: Any = inspect.unwrap(function)
    while isinstance(written, functools.partial):
        written = inspect.unwrap(written.func)
    if isinstance(written, torch.nn.Module):
        written = written.forward
    elif not inspect.isroutine(written) and not isinstance(written, type):
        written = type(written).__call__
    code = getattr(inspect.unwrap(written), "__code__", None)
    return code if isinstance(code, CodeType) else None


class LineRecorder(Recorder):
    """A Recorder that notes the line of ``followed`` in which each step was done."""

    def __init__(self, followed: Followed) -> None:
        super().__init__()
        self._followed = followed
        self._lines: dict[int, tuple[str, int]] = {}

    def execute(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls an operator, and records the call with its line."""
        before = len(self.record.steps)
        result = super().execute(function, args, kwargs)
        if len(self.record.steps) > before:
            line = self._followed.line()
            if line is not None:
                self._lines.update(dict.fromkeys(range(before, len(self.record.steps)), line))
        return result

    @property
    def last(self) -> Line | None:
        """Where ``followed`` returns."""
        return self._followed.last

    def line_of(self, number: Number) -> Line | None:
        """Where a value was computed: the line of its step, or of ``return`` where it came from elsewhere."""
        line = self._lines.get(self.record.made_by[number])
        return self.last if line is None else Line.of(*line)
