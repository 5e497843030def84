"""Runs a lesson's set-up and draws its minibatch, in a worker."""

from __future__ import annotations

import contextlib
import gc
import random
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy
import torch
import torch.nn.functional

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.recording.execution import Namespace, run_fragment
from ninja_tui.engine.recording.surroundings import script_module, surroundings
from ninja_tui.lesson import words

NAME = "lesson"
"""What the module in which a lesson's code runs is called."""


def set_up(code: LessonCode, seed: int = 0) -> Namespace:
    """The namespace after the set-up cell. Draws from the global generators come out the same in every worker."""
    for name, text in code.served.items():
        words.serve(name, text)
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    module = script_module(code.where, NAME)
    namespace: Namespace = vars(module)
    namespace |= {"torch": torch, "F": torch.nn.functional}
    if not code.discovered:
        del namespace["__file__"]  # a lesson finds its data by name
    gc.disable()  # building a data set makes a million small objects, none of them garbage
    try:
        with _around(code, module):
            for fragment in code.setup:
                run_fragment(fragment, code, namespace, code.seed)
    finally:
        gc.enable()
    return namespace


def draw_minibatch(code: LessonCode, namespace: Namespace) -> None:
    """Runs the minibatch cell."""
    module = script_module(code.where, NAME)
    vars(module).update(namespace)
    with _around(code, module):
        for fragment in code.minibatch:
            run_fragment(fragment, code, namespace)


@contextlib.contextmanager
def _around(code: LessonCode, module: ModuleType) -> Iterator[None]:
    """What code of any form needs around it, before a forward pass."""
    if not code.discovered:
        sys.modules[NAME] = module
        yield
        return
    with torch.no_grad(), surroundings(module, code.served):
        yield
