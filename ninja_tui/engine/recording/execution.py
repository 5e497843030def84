"""Runs a piece of a lesson, and says what went wrong in it."""

from __future__ import annotations

import ast
import functools
import io
import itertools
from types import CodeType, TracebackType
from typing import Any

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.surroundings import AsksForInput
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.seed import reseed

ADVICE = "; with --setup FILE"
"""Begins what a message says of what a person can do, where nothing more particular is known."""

Namespace = dict[str, Any]


class Output(io.StringIO):
    """Keeps the first ``most`` characters of what is printed, and drops the rest."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, text: str) -> int:
        """Takes all of ``text``, and keeps what there is room for."""
        if self.tell() < self._most:
            super().write(text[: self._most])
        return len(text)


def run_fragment(fragment: Fragment, code: LessonCode, namespace: Namespace, seed: int | None = None) -> None:
    """Runs a piece of the lesson ``code``, with ``seed`` for the one that it binds, if any.

    Raises Refused with the line of an error.
    """
    try:
        exec(_compiled(fragment.code, fragment.line, code.where, seed), namespace)
    except (Exception, SystemExit) as error:
        raise _refused(error, fragment, code) from None


@functools.lru_cache(maxsize=32)  # sampling runs the same cell for every character
def _compiled(code: str, line: int, where: str, seed: int | None) -> CodeType:
    tree = ast.parse(code)
    if seed is not None:
        reseed(tree, seed)
    ast.increment_lineno(tree, line - 1)
    return compile(tree, where, "exec")


def _refused(error: BaseException, fragment: Fragment, code: LessonCode) -> Refused:
    """What is said of an error in a piece of a lesson: in one of any form also what can be done."""
    at = f"{code.where}, {place(line_in(error, code.where), code.starts)}"
    if code.discovered:
        match error:
            case ModuleNotFoundError(name=str() as name):
                return Refused(f"{at} needs `{name}`, which is not here{code.hint(fragment.line)}")
            case AsksForInput():
                return Refused(f"{at} asks for `input()`, which nobody can give here{code.hint(fragment.line)}")
            case OSError() | ImportError():
                said = str(error) if isinstance(error, FileNotFoundError) else message_of(error)
                hint = code.hint(fragment.line)
                return Refused(f"{at}: {said.split(ADVICE)[0] if hint else said}{hint}")
    return Refused(f"{at}: {message_of(error)}")


def line_in(error: BaseException, filename: str) -> int:
    """The line of ``filename`` that was running when ``error`` was raised; 0 where none was."""
    trace = _trace_in(error, filename)
    return 0 if trace is None else trace.tb_lineno


def columns_in(error: BaseException, filename: str) -> tuple[int, int] | None:
    """The part of that line that was running, as bytes from 0; None where it is not known, or goes on in the next."""
    trace = _trace_in(error, filename)
    if trace is None:
        return None
    positions = trace.tb_frame.f_code.co_positions()
    line, end_line, start, end = next(itertools.islice(positions, trace.tb_lasti // 2, None), (None,) * 4)
    return None if start is None or end is None or line != end_line or line != trace.tb_lineno else (start, end)


def _trace_in(error: BaseException, filename: str) -> TracebackType | None:
    """The innermost place in ``filename`` on the way to ``error``."""
    found = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            found = trace
        trace = trace.tb_next
    return found
