"""Runs a lesson's cells in a worker."""

from __future__ import annotations

import ast
import gc
import random
from typing import Any

import numpy
import torch
import torch.nn.functional

from ninja_tui.engine.lesson_code import LessonCode
from ninja_tui.engine.worker import Refused
from ninja_tui.lesson import words

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
    tree = ast.parse(code.setup)
    if code.seed is not None:
        for statement in tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id="seed")]):
                    statement.value = ast.copy_location(ast.Constant(code.seed), statement.value)
    gc.disable()  # building a data set makes a million small objects, none of them garbage
    try:
        run_cell(tree, code.setup_line, code.where, namespace)
    finally:
        gc.enable()
    return namespace


def draw_minibatch(code: LessonCode, namespace: Namespace) -> None:
    """Runs the minibatch cell."""
    run_cell(ast.parse(code.minibatch), code.minibatch_line, code.where, namespace)


def run_cell(tree: ast.Module, first_line: int, where: str, namespace: Namespace) -> None:
    """Runs a cell whose first line is ``first_line`` of its file; raises Refused with the line of an error."""
    ast.increment_lineno(tree, first_line - 1)
    try:
        exec(compile(tree, where, "exec"), namespace)
    except (Exception, SystemExit) as error:
        raise Refused(f"{where}, line {line_in(error, where)}: {message_of(error)}") from None


def line_in(error: BaseException, filename: str) -> int:
    """The line of ``filename`` that was running when ``error`` was raised; 0 where none was."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
