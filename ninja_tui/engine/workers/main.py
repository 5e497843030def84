"""The body of every worker process: a loop over requests until the pipe closes.

It imports PyTorch only when it serves, so that the side that starts workers need not.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ninja_tui.engine.protocol.messages import Answered, Call, Done, Refused, Request, decode, encode
from ninja_tui.engine.protocol.processes import Start
from ninja_tui.engine.protocol.wire import LARGEST_FRAME, Broken, Channel
from ninja_tui.engine.workers.lock import Confinement, Lock
from ninja_tui.log import log_to, trace_of

SERVICES = {
    "reference": "ninja_tui.engine.workers.reference:Reference",
    "answers": "ninja_tui.engine.workers.answers:Answers",
    "programs": "ninja_tui.engine.workers.programs:Programs",
    "probing": "ninja_tui.engine.workers.probing:Probing",
    "trainer": "ninja_tui.engine.training.service:Training",
}
"""By role the class that serves, by its import path: this module knows no other of them."""
SWITCH_INTERVAL = 0.0002
"""Seconds that a thread which an answer left behind keeps the interpreter to itself."""
RUNS_ANSWERS = frozenset({"answers", "programs", "trainer"})
RUNS_OURS = frozenset({"reference"})
"""No stranger's code: where nothing but the filter keeps files closed, these may open them."""
Handlers = Mapping[type[Request[Any]], Callable[[Any], object]]
_log = logging.getLogger(__name__)


class Service(Protocol):
    """What a role offers."""

    def handlers(self) -> Handlers:
        """For each kind of request the method that carries it out; it raises Refused where it cannot."""


def serve(start: Start, reading: int, writing: int, lock: Lock) -> None:
    """Answers requests as ``start`` has it until the other side closes its end; from the first one on it is locked."""
    role = start.role
    channel = Channel(reading, writing)
    log_to(start.log)
    _log.info("serves as %s", role)
    process_id, end = os.getpid, os._exit
    started = process_id()
    handlers = {kind.__name__: (kind, handler) for kind, handler in _service(role).handlers().items()}
    if start.folder is not None:
        tempfile.tempdir = os.environ["TMPDIR"] = start.folder
        lock.apply(Confinement.COMPILE, Path(start.folder))
    else:
        os.environ.clear()
        tempfile.tempdir = os.environ["TORCHINDUCTOR_CACHE_DIR"] = (
            os.sep
        )  # `torch.optim` asks for one, and writes nothing
        lock.apply(Confinement.JUDGE if role in RUNS_OURS else Confinement.COMPUTE)
    while True:
        try:
            call = decode(channel.receive(), Call)
            kind, handler = handlers[call.kind]
            request = decode(channel.receive(), kind)
        except (Broken, KeyError) as error:
            _log.info("%s worker ends: %s", role, error)
            os._exit(0)
        signal.alarm(call.limit)
        answered, reply = _carry_out(call, handler, request)
        if process_id() != started:  # what an answer forked is not to reply as well
            end(0)
        signal.alarm(0)
        try:
            channel.send(encode(answered), reply)
        except Broken:
            os._exit(0)


def _carry_out(call: Call, handler: Callable[[Any], object], request: object) -> tuple[Answered, bytes]:
    """The encoded reply, or a refusal: whatever a request makes go wrong costs that request, and not the worker."""
    try:
        reply = encode(handler(request))
        if len(reply) > LARGEST_FRAME:
            size = f"{len(reply) >> 20} MB, and at most {LARGEST_FRAME >> 20} MB are taken"
            return Answered(call.number, f"what it gives is too large: {size}"), encode(Done())
        return Answered(call.number), reply
    except Refused as error:
        return Answered(call.number, str(error)), encode(Done())
    except (Exception, SystemExit) as error:
        _log.error("%s: %s", call.kind, trace_of(error))
        return Answered(call.number, f"{type(error).__name__} in {call.kind}"), encode(Done())


def _service(role: str) -> Service:
    import torch

    torch.set_num_threads(1)
    module, _, name = SERVICES[role].partition(":")
    service: Service = getattr(importlib.import_module(module), name)()
    if role in RUNS_ANSWERS:
        sys.setswitchinterval(SWITCH_INTERVAL)
    return service
