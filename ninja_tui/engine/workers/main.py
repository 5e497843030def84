"""The body of every worker process: a loop over requests until the pipe closes.

It imports PyTorch only when it serves, so that the side that starts workers need not.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol

from ninja_tui.engine.protocol.messages import Refused, Reply
from ninja_tui.engine.protocol.wire import Broken, Channel, Message

TRAINING_NICENESS = 10
"""What trains for minutes makes way for the app, and for what a person waits for."""


class Service(Protocol):
    """What a role offers: one method a kind of request."""

    def requests(self) -> dict[str, Callable[[Message], Reply]]:
        """The methods by the name that a request's ``do`` gives."""


def serve(role: str, reading: Connection, writing: Connection) -> None:
    """Answers requests as ``role`` until the other side closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel(reading.fileno(), writing.fileno())
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - kept for the life of the process
    methods = _service(role).requests()
    while True:
        try:
            message = channel.receive()
        except Broken:
            os._exit(0)
        signal.alarm(int(message.body.get("alarm", 0)))
        try:
            body, tensors = methods[str(message.body["do"])](message)
        except Refused as error:
            body, tensors = {"refused": str(error)}, {}
        signal.alarm(0)
        try:
            channel.send({**body, "id": message.body["id"]}, tensors)
        except Broken:
            os._exit(0)


def _service(role: str) -> Service:
    import torch

    torch.set_num_threads(1)
    if role == "reference":
        from ninja_tui.engine.workers.reference import Reference

        return Reference()
    from ninja_tui.engine.workers.answers import Runner, limit_memory

    if role == "trainer":
        from ninja_tui.engine.training.service import Training

        limit_memory()
        os.nice(TRAINING_NICENESS)
        return Training()
    return Runner()
