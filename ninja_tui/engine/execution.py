"""Runs a lesson's cells in a worker."""

from __future__ import annotations

import ast
import contextlib
import gc
import random
from collections.abc import Iterator
from typing import Any

import numpy
import torch
import torch.nn.functional

from ninja_tui.engine.lesson_code import LessonCode
from ninja_tui.engine.outside import at_home
from ninja_tui.engine.worker import Refused
from ninja_tui.lesson import words
from ninja_tui.lesson.places import place

LONGEST_MESSAGE = 400

Namespace = dict[str, Any]


def message_of(error: BaseException) -> str:
    """``TypeError: what it says``, in one line of bounded length."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    name = type(error).__name__
    return (f"{name}: {text}" if text else name)[:LONGEST_MESSAGE]


def set_up(code: LessonCode, seed: int = 0) -> Namespace:
    """The namespace after the set-up cell. Draws from the global generators come out the same in every worker."""
    for name, text in code.served.items():
        words.serve(name, text)
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    namespace: Namespace = {"__name__": "lesson", "torch": torch, "F": torch.nn.functional}
    if code.found:
        namespace["__file__"] = code.where
    numpy.random.seed(0)
    gc.disable()  # building a data set makes a million small objects, none of them garbage
    try:
        with _around(code):
            for source, line in code.setup:
                tree = ast.parse(source)
                if code.seed is not None:
                    _seed(tree, code.seed)
                run_cell(tree, line, code, namespace)
    finally:
        gc.enable()
    return namespace


def _seed(tree: ast.Module, seed: int) -> None:
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="seed")]):
                statement.value = ast.copy_location(ast.Constant(seed), statement.value)


def draw_minibatch(code: LessonCode, namespace: Namespace) -> None:
    """Runs the minibatch cell."""
    with _around(code):
        for source, line in code.minibatch:
            run_cell(ast.parse(source), line, code, namespace)


@contextlib.contextmanager
def _around(code: LessonCode) -> Iterator[None]:
    """What code of any form needs around it, before a forward pass."""
    if not code.found:
        yield
        return
    with torch.no_grad(), at_home(code.served):
        yield


def run_cell(tree: ast.Module, first_line: int, code: LessonCode, namespace: Namespace) -> None:
    """Runs a cell whose first line is ``first_line`` of its file; raises Refused with the line of an error."""
    ast.increment_lineno(tree, first_line - 1)
    try:
        exec(compile(tree, code.where, "exec"), namespace)
    except ImportError as error:
        if not code.found or not error.name:
            raise _refused(error, code) from None
        at = place(line_in(error, code.where), code.starts)
        raise Refused(f"{code.where}, {at} needs `{error.name}`, which is not here{code.hint(first_line)}") from None
    except FileNotFoundError as error:
        if not code.found:
            raise _refused(error, code) from None
        at = place(line_in(error, code.where), code.starts)
        raise Refused(f"{code.where}, {at}: {error}{code.hint(first_line)}") from None
    except (Exception, SystemExit) as error:
        raise _refused(error, code) from None


def _refused(error: BaseException, code: LessonCode) -> Refused:
    return Refused(f"{code.where}, {place(line_in(error, code.where), code.starts)}: {message_of(error)}")


def line_in(error: BaseException, filename: str) -> int:
    """The line of ``filename`` that was running when ``error`` was raised; 0 where none was."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
