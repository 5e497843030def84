"""Records what code does to tensors, and in which line of one function each of it was done."""

from __future__ import annotations

import dis
import functools
import inspect
import linecache
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

import torch

from ninja_tui.engine.recording.record import Leaf, Number, Root
from ninja_tui.engine.recording.recorder import Recorder

LIBRARIES = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]))
"""Folders in which no function stands whose gradients somebody tests."""


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


def last_line(code: CodeType | None) -> Line | None:
    """The line of the ``return`` of a function, or its first one where there are several; None without ``code``."""
    if code is None:
        return None
    returns = {
        each.positions.lineno
        for each in dis.get_instructions(code)
        if each.opname.startswith("RETURN_") and each.positions is not None and each.positions.lineno is not None
    }
    return Line.of(code.co_filename, returns.pop() if len(returns) == 1 else code.co_firstlineno)


def running_line(code: CodeType | None) -> tuple[str, int] | None:
    """The line that runs in the function with this ``code``; without one, in the person's function farthest out."""
    frame: FrameType | None = sys._getframe(1)
    own: FrameType | None = None
    while frame is not None:
        if code is not None and frame.f_code is code:
            return frame.f_code.co_filename, frame.f_lineno
        if code is None:
            theirs = frame.f_code.co_filename.startswith(LIBRARIES)
            if theirs and own is not None:
                break
            own = own if theirs else frame
        frame = frame.f_back
    return None if own is None or code is not None else (own.f_code.co_filename, own.f_lineno)


def is_of_a_person(error: Exception) -> bool:
    """Whether a person's own code was running when ``error`` was raised; PyTorch itself may refuse what it returned."""
    trace = error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(LIBRARIES):
            return True
        trace = trace.tb_next
    return False


def with_their_frames(error: Exception) -> Exception:
    """``error`` of a person's own code, without the places of this package and of PyTorch on the way to it."""
    places: list[TracebackType] = []
    trace = error.__traceback__
    while trace is not None:
        places.append(trace)
        trace = trace.tb_next
    own = [each for each in places if not each.tb_frame.f_code.co_filename.startswith(LIBRARIES)]
    shown: TracebackType | None = None
    for each in reversed(own):
        shown = TracebackType(shown, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return error.with_traceback(shown) if own else error


class LineRecorder(Recorder):
    """A Recorder that notes in which line of the function with this ``code`` each step was done."""

    def __init__(self, code: CodeType | None) -> None:
        super().__init__()
        self._code = code
        self._lines: dict[int, tuple[str, int]] = {}

    def execute(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls an operator, and records the call with its line."""
        before = len(self.record.steps)
        result = super().execute(function, args, kwargs)
        if len(self.record.steps) > before:
            line = running_line(self._code)
            if line is not None:
                self._lines.update(dict.fromkeys(range(before, len(self.record.steps)), line))
        return result

    def hold(self, varied: Collection[Number]) -> None:
        """Values that come from elsewhere, as a mask that a function closes over, stay what they are in all worlds.

        But for those that are ``varied``.
        """
        steps = self.record.steps
        for index, step in enumerate(steps):
            if isinstance(step, Leaf) and step.root is Root.OUTSIDE and step.number not in varied:
                steps[index] = replace(step, root=Root.LITERAL)

    def path_of(self, first: int, last: int) -> str | None:
        """The file of the first line that is known of the steps from ``first`` to before ``last``."""
        return next((self._lines[step][0] for step in range(first, last) if step in self._lines), None)

    def line_of(self, number: Number) -> Line | None:
        """Where a value was computed; None where that is in no such function."""
        line = self._lines.get(self.record.made_by[number])
        return None if line is None else Line.of(*line)
