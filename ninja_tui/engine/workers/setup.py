"""Runs a lesson's set-up and draws its minibatch, in a worker."""

from __future__ import annotations

import contextlib
import gc
import random
from collections.abc import Iterator

import numpy
import torch
import torch.nn.functional

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.recording.execution import Namespace, run_fragment
from ninja_tui.engine.workers.isolation import at_home
from ninja_tui.lesson import words


def set_up(code: LessonCode, seed: int = 0) -> Namespace:
    """The namespace after the set-up cell. Draws from the global generators come out the same in every worker."""
    for name, text in code.served.items():
        words.serve(name, text)
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    namespace: Namespace = {"__name__": "lesson", "torch": torch, "F": torch.nn.functional}
    if code.discovered:
        namespace["__file__"] = code.where
    numpy.random.seed(0)
    gc.disable()  # building a data set makes a million small objects, none of them garbage
    try:
        with _around(code):
            for fragment in code.setup:
                run_fragment(fragment, code, namespace, code.seed)
    finally:
        gc.enable()
    return namespace


def draw_minibatch(code: LessonCode, namespace: Namespace) -> None:
    """Runs the minibatch cell."""
    with _around(code):
        for fragment in code.minibatch:
            run_fragment(fragment, code, namespace)


@contextlib.contextmanager
def _around(code: LessonCode) -> Iterator[None]:
    """What code of any form needs around it, before a forward pass."""
    if not code.discovered:
        yield
        return
    with torch.no_grad(), at_home(code.served):
        yield
