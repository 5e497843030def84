"""A process that runs answers, seen from the process that judges them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from ninja_tui.engine.protocol.answering import Begin, Outcome, Outcomes, Ping, PutGradient, RunStatement, TryAnswer
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.wire import Broken
from ninja_tui.engine.protocol.worlds import World
from ninja_tui.engine.workers.client import Endpoint, WorkerError

R = TypeVar("R")
LIMIT = 5.0
"""Seconds for what runs no code of a person's."""


class Runner:
    """A runner process, and which nodes' reference gradients it has been given.

    Every method raises TimedOut or Broken where the process does not do what was asked, and is dead after that.
    """

    def __init__(self, worker: Endpoint) -> None:
        self._worker = worker
        self.reference_nodes: set[str] = set()

    def begin(self, worlds: Iterable[World], names: Iterable[str]) -> None:
        """Starts a run in each world; the tensors called ``names``, which code may change, are its own."""
        self._ask(Begin(tuple(worlds), tuple(sorted(names))), LIMIT)

    def put(self, node: str, name: str, gradients: Mapping[World, TensorData]) -> None:
        """Binds upstream gradients of ``node`` to ``name`` in the runs of those worlds."""
        self.reference_nodes.add(node)
        self._ask(PutGradient(name, gradients), LIMIT)

    def ping(self, within: float = LIMIT) -> None:
        """Returns where the process still answers."""
        self._ask(Ping(), within)

    def execute(self, request: RunStatement | TryAnswer, timeout: float) -> dict[World, Outcome]:
        """Runs code. A world that is missing did not run, because one before it failed."""
        outcomes: Outcomes = self._ask(request, timeout)
        return dict(outcomes.by_world)

    def close(self) -> None:
        """Ends the process."""
        self._worker.close()

    def _ask(self, request: Request[R], timeout: float) -> R:
        try:
            return self._worker.request(request, timeout)
        except WorkerError as error:
            self._worker.kill()
            raise Broken(str(error)) from None
