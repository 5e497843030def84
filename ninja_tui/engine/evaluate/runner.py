"""A process that runs answers, seen from the process that judges them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TypeVar

from ninja_tui.engine.protocol.answering import (
    Begin,
    Outcome,
    Ping,
    PutGradient,
    Replayed,
    ReplayGradient,
    RunStatement,
    TryAnswer,
)
from ninja_tui.engine.protocol.judging import UpstreamGradient
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.protocol.wire import Broken
from ninja_tui.engine.workers.client import Endpoint, WorkerError

R = TypeVar("R")
JUST_NOW = 0.0005
"""Seconds."""
LIMIT = 5.0
"""Seconds for what runs no code of a person's."""


class Runner:
    """A runner process, and which nodes' reference gradients it has been given.

    Every method raises TimedOut or Broken where the process does not do what was asked, and is dead after that.
    """

    def __init__(self, worker: Endpoint) -> None:
        self._worker = worker
        self.reference_nodes: set[str] = set()
        self._heard = -JUST_NOW

    @property
    def has_just_answered(self) -> bool:
        """Whether a reply came so short a time ago that to ask for another one tells nothing new."""
        return time.monotonic() - self._heard < JUST_NOW

    def begin(self, names: Iterable[str]) -> None:
        """Starts a run; the tensors called ``names``, which code may change, are its own."""
        self._ask(Begin(tuple(sorted(names))), LIMIT)

    def put(self, node: str, name: str, gradient: UpstreamGradient | None) -> None:
        """Binds the upstream gradient of ``node`` to ``name``; None: what is bound there is taken for it."""
        if gradient is not None:
            self.reference_nodes.add(node)
        self._ask(PutGradient(node, name, gradient), LIMIT)

    def ping(self, within: float = LIMIT) -> None:
        """Returns where the process still answers."""
        self._ask(Ping(), within)

    def execute(self, request: RunStatement | TryAnswer, timeout: float) -> Outcome:
        """Runs code."""
        return self._ask(request, timeout)

    def replay(self, request: ReplayGradient, timeout: float) -> Replayed:
        """Computes a gradient that was run or tried in other worlds."""
        self.reference_nodes.update(node for trial in request.trials for node in trial.upstream)
        return self._ask(request, timeout)

    def close(self) -> None:
        """Ends the process."""
        self._worker.close()

    def _ask(self, request: Request[R], timeout: float) -> R:
        try:
            reply = self._worker.request(request, timeout)
        except WorkerError as error:
            self._worker.kill()
            raise Broken(str(error)) from None
        self._heard = time.monotonic()
        return reply
