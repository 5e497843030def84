"""The worker that runs a whole program, once, and gives away what it recorded: another one judges it.

A statement is a request: what hangs or ends the process costs that one.
"""

from __future__ import annotations

import contextlib
import random

import numpy
import torch

from ninja_tui.engine.protocol.messages import Done, Refused
from ninja_tui.engine.protocol.programs import (
    BeginProgram,
    RunProgramStatement,
    StatementFailure,
    StatementRun,
    TryFunctions,
)
from ninja_tui.engine.protocol.records import TakeRecord
from ninja_tui.engine.recording.program_data import ProgramRun, encoded_program
from ninja_tui.engine.recording.script import Script
from ninja_tui.engine.recording.surroundings import script_module, surroundings
from ninja_tui.engine.workers.main import Handlers
from ninja_tui.engine.workers.parts import Outgoing
from ninja_tui.lesson import words


class Programs:
    """One run of one program."""

    def __init__(self) -> None:
        self._script: Script | None = None
        self._surroundings = contextlib.ExitStack()
        self._outgoing = Outgoing(self._encode)

    def handlers(self) -> Handlers:
        """What this worker does."""
        return {
            BeginProgram: self.begin,
            RunProgramStatement: self.run,
            TryFunctions: self.try_functions,
            TakeRecord: self._outgoing.take,
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
            failure = StatementFailure(last.line, last.at, last.kind, last.message, last.columns, last.operation)
        return StatementRun(failure, len(script.shortened) > shortened)

    def try_functions(self, _: TryFunctions) -> Done:
        """Calls what the program has not called of its own Functions."""
        self._opened().try_functions()
        return Done()

    def _encode(self) -> bytes:
        script = self._opened()
        seed = script.namespace.get("seed")
        return encoded_program(
            ProgramRun(
                script.recorder.record,
                script.names.bindings,
                script.sites,
                script.failed,
                seed if type(seed) is int else None,
            )
        )

    def close(self) -> None:
        """Takes back what surrounds a program; the process of a worker ends without."""
        self._surroundings.close()

    def _opened(self) -> Script:
        if self._script is None:
            raise Refused("no program was begun")
        return self._script
