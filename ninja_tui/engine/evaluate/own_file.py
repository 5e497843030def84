"""Runs a script or notebook once in a worker, and has each gradient in it judged in another, which gets the record.

A statement that hangs or ends its process is left out, and all others run again; a gradient that does is an error.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ninja_tui.engine.evaluate.hand_over import hand_over
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.protocol.programs import (
    BeginProgram,
    FindUnanswered,
    JudgedGradient,
    JudgeGradient,
    RecognizedAnswer,
    RecognizedProgram,
    RecognizeGradients,
    ReconsiderGradients,
    RunProgramStatement,
    StatementFailure,
    TryFunctions,
)
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import Endpoint, Role, Worker, WorkerError
from ninja_tui.errors import UsageError
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.notebook.own_program import OwnProgram
from ninja_tui.lesson.syntax.code_error import CodeError
from ninja_tui.lesson.syntax.comparisons import pairs_in
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.names import loop_variables
from ninja_tui.lesson.syntax.raised import raised_in

R = TypeVar("R")
JUDGING = 30.0
"""Seconds that judging one gradient may take."""
LOOKING = 60.0
"""Seconds that finding the gradients of a program may take."""
UNKNOWN_NAME = re.compile(r"NameError: name '(\w+)' is not defined")
MADE_OF_IT = "what is made of it"
"""Stands for the names that a statement would have bound."""
MODULE_MISSING = "ModuleNotFoundError"
MOST_NOTES = 6


@dataclass(frozen=True)
class JudgedPass:
    """The gradients of one backward pass of a program; ``loss`` is None where there is none."""

    loss: float | None
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class JudgedProgram:
    """What a program's gradients are, by backward pass, and what there is to say on its run."""

    passes: tuple[JudgedPass, ...]
    seed: int | None
    torch: str
    notes: tuple[str, ...]


@dataclass
class OwnFileJudge:
    """One judging of one program. ``limit`` is the seconds that a statement may take.

    With ``differences`` each verdict holds the gradient's difference from autograd's.
    """

    program: OwnProgram
    served: Mapping[str, str]
    seed: int | None
    limit: float
    start: Callable[[Role], Endpoint] = Worker
    differences: bool = False
    _left_out: dict[int, str] = field(default_factory=dict)
    _failures: dict[int, StatementFailure] = field(default_factory=dict)
    _without_trying: bool = False
    _running: Endpoint | None = None
    _judging: Endpoint | None = None

    def judge(self, progress: Callable[[str], None] = lambda _: None) -> JudgedProgram:
        """Runs the program and judges it; raises UsageError where it has no backward pass."""
        try:
            self._run()
            recognized = self._hand_over()
            if not recognized.loss and not recognized.functions:
                raise UsageError(self._without_loss(recognized))
            judged = self._judged(recognized, progress)
            passes = self._by_pass(judged)
            passes = self._with_unanswered(passes, recognized)
            if not recognized.loss:
                passes = tuple(replace(each, loss=None) for each in passes)
            return JudgedProgram(passes, recognized.seed, recognized.torch, tuple(self._notes(passes)))
        finally:
            self._close(self._running, self._judging)

    def _run(self) -> None:
        """Runs all statements that neither hang nor end the process, in one process."""
        while True:
            self._running = self.start(Role.PROGRAMS)
            self._have_run(BeginProgram(str(self.program.path), dict(self.served), self.seed), LOOKING)
            indices = range(-len(self.program.defined), len(self.program.statements))
            if all(self._ran(index) for index in indices) and self._tried_functions():
                return

    def _tried_functions(self) -> bool:
        """Whether what the program has not called of its own Functions is called; False where the process is lost."""
        if self._without_trying:
            return True
        try:
            self._have_run(TryFunctions(), self.limit)
        except (TimedOut, Broken):
            self._without_trying = True
            self._close(self._running)
            return False
        except WorkerError:
            raise UsageError(f"{self.program.path}: its own code has broken Python in its process") from None
        return True

    def _ran(self, index: int) -> bool:
        """Whether a statement has run, or is left out; False where the process is lost."""
        if index in self._left_out:
            return True
        statement = self.program.defined[0] if index < 0 else self.program.statements[index]
        try:
            run = self._have_run(RunProgramStatement(statement), self.limit)
        except TimedOut:
            self._left_out[index] = f"no end after {self.limit:g} s"
        except Broken:
            self._left_out[index] = "it ended its process"
        except WorkerError:
            line = place(statement.line, self.program.starts)
            raise UsageError(f"{self.program.path}, {line}: its own code has broken Python in its process") from None
        else:
            if run.failure is not None:
                self._failures[index] = run.failure
            return True
        self._close(self._running)
        return False

    def _hand_over(self) -> RecognizedProgram:
        """Has a process in which nothing of the program has run read its record; what there is to judge in it."""
        self._judging = self.start(Role.JUDGE)
        if self._running is not None:
            hand_over(self._running, self._judging, str(self.program.path))
        return self._ask(RecognizeGradients(self.differences), LOOKING)

    def _judged(
        self, recognized: RecognizedProgram, progress: Callable[[str], None]
    ) -> list[tuple[RecognizedAnswer, JudgedGradient]]:
        judged: list[tuple[RecognizedAnswer, JudgedGradient]] = []
        broken: dict[int, JudgedGradient] = {}
        index = 0
        while index < len(recognized.answers):
            answer = recognized.answers[index]
            progress(answer.gradient)
            try:
                result = broken.get(index) or self._ask(JudgeGradient(index), JUDGING)
            except (TimedOut, Broken) as error:
                reason = (
                    "judging it took too long" if isinstance(error, TimedOut) else "it ended the process that judges"
                )
                broken[index] = JudgedGradient(_unjudged(answer, reason))
                self._close(self._judging)
                self._hand_over()
                index = 0
                judged.clear()
                continue
            except WorkerError as error:
                result = JudgedGradient(_unjudged(answer, str(error)))
            judged.append((answer, result))
            index += 1
        with contextlib.suppress(TimedOut, Broken, WorkerError):  # what was judged stands without
            for index, again in self._ask(ReconsiderGradients(), JUDGING).judged:
                judged[index] = (judged[index][0], again)
        return judged

    def _by_pass(self, judged: list[tuple[RecognizedAnswer, JudgedGradient]]) -> tuple[JudgedPass, ...]:
        losses: dict[int, float] = {}
        verdicts: dict[int, list[Verdict]] = {}
        for _, result in judged:
            if result.verdict is not None:
                losses.setdefault(result.backward, result.loss)
                verdicts.setdefault(result.backward, []).append(result.verdict)
        return tuple(JudgedPass(losses[each], tuple(_once(verdicts[each]))) for each in verdicts)

    def _with_unanswered(self, passes: tuple[JudgedPass, ...], recognized: RecognizedProgram) -> tuple[JudgedPass, ...]:
        """Adds the gradients that are read, or set out to be computed, and are not there."""
        answered = {answer.gradient for answer in recognized.answers}
        wanted: dict[str, StatementFailure | None] = {
            name: None for name in self.program.placeholders if name not in answered
        }
        for index, failure in {**self._failures, **self._of_left_out()}.items():
            statement = self.program.statements[index] if index >= 0 else None
            absent = UNKNOWN_NAME.fullmatch(failure.message)
            names = [absent[1]] if absent else []
            if statement is not None:
                names += [name for name in self.program.binding_names(statement) if name not in names]
            for name in names:
                if name not in answered:
                    own = statement is not None and name in self.program.binding_names(statement)
                    if own or name not in wanted:
                        wanted[name] = failure if own else None
        if passes and not wanted:
            return passes
        try:
            attempts = {name: each.operation for name, each in wanted.items() if each and each.operation}
            found = self._ask(FindUnanswered(tuple(wanted), attempts), LOOKING)
        except WorkerError:
            if passes:
                return passes
            raise
        rows: list[Verdict] = []
        present = {verdict.node for each in passes for verdict in each.verdicts}
        for each in found.nodes:
            if each.node in present:
                continue
            present.add(each.node)
            stopped = wanted.get(each.gradient)
            row = Verdict(each.node, Status.MISSING, each.shape, named=each.gradient)
            if stopped is not None:
                row = replace(
                    row, status=Status.ERROR, line=stopped.at, error=self._sentence(stopped),
                    raised=self._raised(stopped), diagnosis=each.diagnosis,
                )  # fmt: skip
            rows.append(row)
        if not rows:
            return passes
        if not passes:
            return (JudgedPass(found.loss, tuple(rows)),)
        return (*passes[:-1], replace(passes[-1], verdicts=(*passes[-1].verdicts, *rows)))

    def _of_left_out(self) -> dict[int, StatementFailure]:
        return {
            index: StatementFailure(
                self.program.statements[index].line, self.program.statements[index].line, "", reason
            )
            for index, reason in self._left_out.items()
            if index >= 0
        }

    def _sentence(self, failure: StatementFailure) -> str:
        """What a statement raised; of a name that is bound later where."""
        absent = UNKNOWN_NAME.fullmatch(failure.message)
        if absent is None:
            return failure.message
        later = self.program.binding(absent[1], failure.at)
        if later is None:
            return failure.message
        where = place(later, self.program.starts).split(",")[0] if self.program.starts else place(later, ())
        return f"{failure.message}; {where} binds `{absent[1]}`, after this"

    def _raised(self, failure: StatementFailure) -> CodeError | None:
        """The error with its place in the file; None where it has none, as a statement without an end."""
        return raised_in(self.program.statements, self._sentence(failure), failure.at, failure.columns)

    def _without_loss(self, recognized: RecognizedProgram) -> str:
        path = self.program.path
        said = [*self.program.notes, *self._notes()]
        reasons = f" ({'; '.join(dict.fromkeys(said[:3]))})" if said else ""
        if not recognized.tensors and not said:
            return f"{path} computes with no tensors of PyTorch: there is nothing to judge"
        return f"{path} holds no forward pass that ends in a loss: no backward() of it, and no `loss`{reasons}"

    def _notes(self, passes: Sequence[JudgedPass] = ()) -> list[str]:
        """What did not run, matters, and stands in no row: undefined names come last, as they follow from others."""
        verdicts = [verdict for each in passes for verdict in each.verdicts]
        rows = {(verdict.line, verdict.error) for verdict in verdicts}
        notes = [
            f"{place(failure.line, self.program.starts)} is left out: {failure.message}"
            for failure in self._of_left_out().values()
            if (failure.at, failure.message) not in rows
        ]
        without = self._without_modules()
        failures = [
            (index, each)
            for index, each in sorted(self._failures.items())
            if index >= 0
            and (each.at, self._sentence(each)) not in rows
            and not self._follows(self.program.statements[index], each, verdicts)
        ]
        for index, failure in sorted(failures, key=lambda each: each[1].kind == "NameError"):
            note = self._note(index, failure, without)
            if note is not None:
                notes.append(note)
        return notes[:MOST_NOTES]

    def _follows(self, statement: Fragment, failure: StatementFailure, verdicts: Sequence[Verdict]) -> bool:
        """Whether a statement that binds nothing failed because of gradients whose rows say that they are not right."""
        if self.program.fresh_names(statement) - loop_variables(statement.tree):
            return False
        off = {each.gradient: each for each in verdicts if each.status is not Status.MISSING and _is_off(each)}
        absent = UNKNOWN_NAME.fullmatch(failure.message)
        if absent is not None:
            return absent[1] in off
        gradients, nodes = {each.gradient for each in verdicts}, {each.node for each in verdicts}
        compared = [off[pair.gradient] for pair in pairs_in(statement.tree, nodes, gradients) if pair.gradient in off]
        match failure.kind:
            case "AssertionError":
                return bool(compared)
            case "RuntimeError":  # the shapes do not broadcast
                return any(each.shape not in (None, each.expected_shape) for each in compared)
        return False

    def _without_modules(self) -> frozenset[str]:
        """The names that imports of modules which are not here would have bound."""
        failed = [index for index, each in self._failures.items() if index >= 0 and each.kind == MODULE_MISSING]
        return frozenset(name for index in failed for name in self.program.fresh_names(self.program.statements[index]))

    def _note(self, index: int, failure: StatementFailure, without: frozenset[str]) -> str | None:
        """A sentence on a statement that failed; None where that is told already, or it only shows something."""
        where = place(failure.at, self.program.starts)
        if failure.kind in (MODULE_MISSING, "AsksForInput") and failure.at == self.program.statements[index].line:
            return None  # if it matters, it is among the notes on how the file was read
        names = sorted(self.program.fresh_names(self.program.statements[index]))
        absent = UNKNOWN_NAME.fullmatch(failure.message)
        if absent is not None and absent[1] in without and not names:
            return None
        if failure.kind == "FileNotFoundError":
            told = failure.message.removeprefix("FileNotFoundError: ")
            return f"{where}: {told.replace(MADE_OF_IT, ', '.join(names) or MADE_OF_IT)}"
        return f"{where}: {self._sentence(failure)}"

    def _have_run(self, request: Request[R], limit: float) -> R:
        """What the process says in which the program runs."""
        return _reply(self._running, request, limit)

    def _ask(self, request: Request[R], limit: float) -> R:
        """What the judging process says."""
        return _reply(self._judging, request, limit)

    def _close(self, *endpoints: Endpoint | None) -> None:
        for endpoint in endpoints:
            if endpoint is not None:
                endpoint.close()


def _reply(endpoint: Endpoint | None, request: Request[R], limit: float) -> R:
    if endpoint is None:
        raise RuntimeError("no worker was started")
    return endpoint.request(request, limit)


def _once(verdicts: list[Verdict]) -> list[Verdict]:
    """One row for a gradient that a loop computes many times in one line, if all of them pass."""
    rows: list[Verdict] = []
    for verdict in verdicts:
        same = [each for each in verdicts if _row(each) == _row(verdict)]
        if len(same) > 1 and all(each.passed for each in same) and verdict is not same[0]:
            continue
        rows.append(verdict)
    return rows


def _row(verdict: Verdict) -> tuple[str | None, int | None, str]:
    """What one row is on: a name, a line, and a tensor, whichever turn of a loop has bound it."""
    return verdict.named, verdict.line, re.sub(r" \(line \d+\)|\[t=\d+\]| #\d+", "", verdict.node)


def _unjudged(answer: RecognizedAnswer, reason: str) -> Verdict:
    message = f"could not be judged: {reason}"
    return Verdict(answer.gradient, Status.ERROR, answer.shape, line=answer.line, named=answer.gradient, error=message)


def _is_off(verdict: Verdict) -> bool:
    """Whether a row says that the gradient's values are not autograd's."""
    return not verdict.passed or verdict.adrift
