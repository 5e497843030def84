"""From what goes wrong between processes to a sentence for a person: the one place that knows both."""

from __future__ import annotations

import logging

from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import WorkerError
from ninja_tui.errors import UsageError
from ninja_tui.log import trace_of

FAILURES = (UsageError, WorkerError, Broken, TimedOut)
"""What work with a lesson may raise."""
_log = logging.getLogger(__name__)


def sentence_for(error: Exception, subject: str) -> str:
    """One sentence on ``error``, one of ``FAILURES``, which came up at work with ``subject``."""
    if isinstance(error, UsageError):
        return str(error)
    _log.error("%s: %s", subject, trace_of(error))
    if isinstance(error, TimedOut):
        return f"{subject}: a worker process did not answer in time, and was ended; try again"
    if isinstance(error, Broken):
        return f"{subject}: a worker process ended; it may have run out of memory; try again"
    return f"{subject}: {error}"
