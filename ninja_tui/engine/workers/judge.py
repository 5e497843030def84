"""The worker that judges the gradients of a program which ran in another process: only its record comes here.

An answer is a request: what hangs or ends the process costs that one.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ninja_tui.engine.judge.examine import Examiner
from ninja_tui.engine.judge.functions import FunctionRow, function_rows
from ninja_tui.engine.judge.recognition import Answer, Pass, Program, Unfollowed
from ninja_tui.engine.judge.second_look import Judged
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.protocol.programs import (
    FindUnanswered,
    JudgedGradient,
    JudgeGradient,
    RecognizedAnswer,
    RecognizedProgram,
    RecognizeGradients,
    Reconsidered,
    ReconsiderGradients,
    UnansweredNodes,
)
from ninja_tui.engine.protocol.records import GiveRecord
from ninja_tui.engine.protocol.wire import Broken
from ninja_tui.engine.recording.operators import Absent
from ninja_tui.engine.recording.program_data import ProgramRun, decoded_program
from ninja_tui.engine.recording.replay import RAISED, Replay
from ninja_tui.engine.workers.main import Handlers
from ninja_tui.engine.workers.parts import Incoming


class Judge:
    """What is judged of one program."""

    def __init__(self) -> None:
        self._incoming = Incoming()
        self._examiner: Examiner | None = None
        self._answers: list[Answer] = []
        self._functions: list[FunctionRow] = []
        self._loss_of_functions: Callable[[], float] = lambda: 0.0
        self._passes: list[Pass] = []

    def handlers(self) -> Handlers:
        """What this worker does."""
        return {
            GiveRecord: self._incoming.receive,
            RecognizeGradients: self.recognize,
            JudgeGradient: self.judge,
            ReconsiderGradients: self.reconsider,
            FindUnanswered: self.unanswered,
        }

    def recognize(self, request: RecognizeGradients) -> RecognizedProgram:
        """Finds the gradients in the record."""
        run = self._arrived()
        program = Program(run.record, run.bindings, run.sites, run.failed, differences=request.differences)
        self._examiner = Examiner(program)
        self._answers = self._examiner.answers()
        self._functions = function_rows(run.record)
        self._loss_of_functions = lambda: _last_loss(program)
        answers = [
            RecognizedAnswer(each.path, each.line, each.end_line, tuple(each.values[-1].shape))
            for each in self._answers
        ]
        answers += [RecognizedAnswer(each.label, each.line, each.line, each.shape) for each in self._functions]
        return RecognizedProgram(
            answers=tuple(answers),
            loss=bool(program.starts),
            tensors=bool(run.record.steps),
            seed=run.seed,
            torch=str(torch.__version__),
            functions=bool(self._functions),
        )  # fmt: skip

    def _arrived(self) -> ProgramRun:
        try:
            return decoded_program(self._incoming.taken())
        except Broken as error:
            raise Refused(f"what its process recorded cannot be read ({error})") from None

    def judge(self, request: JudgeGradient) -> JudgedGradient:
        """The verdict on one answer; those on the program's own Functions come last."""
        if request.index >= len(self._answers):
            row = self._functions[request.index - len(self._answers)]
            return JudgedGradient(row.verdict(), 0, self._loss_of_functions())
        judged = self._examined().judge(self._answers[request.index])
        if judged is None:
            return JudgedGradient(None)
        return JudgedGradient(judged.verdict, *self._told(judged))

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

    def unanswered(self, request: FindUnanswered) -> UnansweredNodes:
        """The nodes that names of gradients belong to, or all of the last backward pass."""
        try:
            found = self._examined().unanswered(request.names, request.attempts)
        except (Unfollowed, Absent) as error:
            raise Refused(f"could not be judged: {error}") from None
        if found is None:
            return UnansweredNodes((), 0.0)
        backward, nodes = found
        return UnansweredNodes(tuple(nodes), _loss(backward))

    def _examined(self) -> Examiner:
        if self._examiner is None:
            raise Refused("there is no record to judge")
        return self._examiner


def _last_loss(program: Program) -> float:
    """The loss of a program's last backward pass; no number where it has none, or it cannot be computed again."""
    if not program.starts:
        return float("nan")
    loss = program.starts[-1][0].number
    try:
        with torch.no_grad():
            return float(Replay(program.record, [loss], dtype=torch.float32).run({})[loss].real.sum())
    except (Absent, *RAISED):
        return float("nan")


def _loss(backward: Pass) -> float:
    value = backward.network.home().value(backward.network.losses[0])
    return float(value.real.sum())
