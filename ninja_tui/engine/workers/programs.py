"""The worker that runs a whole program, once, and judges the gradients that it computes.

A statement, and an answer, are a request each: what hangs or ends the process costs that one.
"""

from __future__ import annotations

import contextlib
import functools
import random
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy
import torch

from ninja_tui.engine.judge.examine import Examiner
from ninja_tui.engine.judge.recognition import Answer, Pass, Program, Unfollowed
from ninja_tui.engine.judge.second_look import Judged
from ninja_tui.engine.protocol.messages import Done, Refused
from ninja_tui.engine.protocol.programs import (
    BeginProgram,
    FindUnanswered,
    JudgedGradient,
    JudgeGradient,
    RecognizedAnswer,
    RecognizedProgram,
    RecognizeGradients,
    Reconsidered,
    ReconsiderGradients,
    RunProgramStatement,
    StatementFailure,
    StatementRun,
    UnansweredNodes,
)
from ninja_tui.engine.recording.script import Script
from ninja_tui.engine.recording.surroundings import script_module, surroundings
from ninja_tui.engine.workers.main import Handlers
from ninja_tui.lesson import words

P = ParamSpec("P")
R = TypeVar("R")


def _judging(method: Callable[P, R]) -> Callable[P, R]:
    """``method`` without the modes that surround a person's code: what is replayed needs none."""

    @functools.wraps(method)
    def judging(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch._C.DisableTorchFunction():
            return method(*args, **kwargs)

    return judging


class Programs:
    """One program: its run, and what is judged of it."""

    def __init__(self) -> None:
        self._script: Script | None = None
        self._surroundings = contextlib.ExitStack()
        self._examiner: Examiner | None = None
        self._answers: list[Answer] = []
        self._passes: list[Pass] = []

    def handlers(self) -> Handlers:
        """What this worker does."""
        return {
            BeginProgram: self.begin,
            RunProgramStatement: self.run,
            RecognizeGradients: self.recognize,
            JudgeGradient: self.judge,
            ReconsiderGradients: self.reconsider,
            FindUnanswered: self.unanswered,
        }

    def begin(self, request: BeginProgram) -> Done:
        """Makes ready for the statements of a program."""
        for name, text in request.served.items():
            words.serve(name, text)
        seed = request.seed or 0
        random.seed(seed)
        numpy.random.seed(seed)
        torch.manual_seed(seed)
        module = script_module(request.where)
        vars(module).update(torch=torch, F=torch.nn.functional)
        self._surroundings.enter_context(surroundings(module, request.served))
        self._script = Script(vars(module), request.seed)
        return Done()

    def run(self, request: RunProgramStatement) -> StatementRun:
        """Runs the next statement."""
        script = self._opened()
        before, shortened = len(script.failures), len(script.shortened)
        script.run(request.statement)
        failure = None
        if len(script.failures) > before:
            last = script.failures[-1]
            failure = StatementFailure(last.line, last.at, last.kind, last.message, last.columns)
        return StatementRun(failure, len(script.shortened) > shortened)

    @_judging
    def recognize(self, _: RecognizeGradients) -> RecognizedProgram:
        """Finds the gradients in what has run."""
        script = self._opened()
        program = Program(script.recorder.record, script.names.bindings, script.sites, script.failed)
        self._examiner = Examiner(program)
        self._answers = self._examiner.answers()
        seed = script.namespace.get("seed")
        return RecognizedProgram(
            answers=tuple(
                RecognizedAnswer(each.path, each.line, each.end_line, tuple(each.values[-1].shape))
                for each in self._answers
            ),
            loss=bool(program.starts),
            tensors=bool(script.recorder.record.steps),
            seed=seed if isinstance(seed, int) else None,
            torch=str(torch.__version__),
        )  # fmt: skip

    @_judging
    def judge(self, request: JudgeGradient) -> JudgedGradient:
        """The verdict on one answer."""
        judged = self._examined().judge(self._answers[request.index])
        if judged is None:
            return JudgedGradient(None)
        return JudgedGradient(judged.verdict, *self._told(judged))

    @_judging
    def reconsider(self, _: ReconsiderGradients) -> Reconsidered:
        """The verdicts that others have changed."""
        again = [judged for _, judged in self._examined().reconsider()]
        indices = {answer: index for index, answer in enumerate(map(id, self._answers))}
        return Reconsidered(
            tuple(
                (indices[id(each.answer)], JudgedGradient(None if each.dismissed else each.verdict, *self._told(each)))
                for each in again
            )
        )

    def _told(self, judged: Judged) -> tuple[int, float]:
        """The number of the backward pass of a verdict, and its loss."""
        backward = judged.backward
        if backward is None:
            return 0, 0.0
        if backward not in self._passes:
            self._passes.append(backward)
        return self._passes.index(backward), _loss(backward)

    @_judging
    def unanswered(self, request: FindUnanswered) -> UnansweredNodes:
        """The nodes that names of gradients belong to, or all of the last backward pass."""
        try:
            found = self._examined().unanswered(request.names)
        except Unfollowed as error:
            raise Refused(f"could not be judged: {error}") from None
        if found is None:
            return UnansweredNodes((), 0.0)
        backward, nodes = found
        return UnansweredNodes(tuple(nodes), _loss(backward))

    def close(self) -> None:
        """Takes back what surrounds a program; the process of a worker ends without."""
        self._surroundings.close()

    def _opened(self) -> Script:
        if self._script is None:
            raise Refused("no program was begun")
        return self._script

    def _examined(self) -> Examiner:
        if self._examiner is None:
            raise Refused("the program has not run")
        return self._examiner


def _loss(backward: Pass) -> float:
    value = backward.network.home().value(backward.network.losses[0])
    return float(value.real.sum())
