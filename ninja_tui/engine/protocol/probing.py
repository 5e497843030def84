"""What a locked worker is asked to try, to show that it cannot."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar

from ninja_tui.engine.protocol.messages import Request


class Forbidden(enum.StrEnum):
    """What strangers' code must not be able to do."""

    READ = "read a file"
    SOLUTION = "read a lesson's solution"
    WRITE = "write a file"
    CHANGE_MODE = "change a file's mode"
    REMOVE = "remove a file"
    CONNECT = "connect to a port"
    SOCKET = "open a socket"
    FORK = "start a process"
    EXECUTE = "run a program"
    SIGNAL = "send a signal"
    MEMORY = "read another process's memory"
    TRACE = "trace another process"
    NAMESPACE = "make a namespace"
    TERMINAL = "open the terminal"
    ENVIRONMENT = "see the environment"
    LIMITS = "raise a limit"


@dataclass(frozen=True)
class Attempt:
    """What came of trying: the error that ``refused`` it, or nothing where it went through."""

    what: Forbidden
    refused: str | None


@dataclass(frozen=True)
class Attempts:
    """All attempts, in the order of ``Forbidden``."""

    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class TryForbidden(Request[Attempts]):
    """Tries all of it: on a ``secret`` file and in an empty ``folder`` made for this, and at a ``port`` that listens.

    ``solution`` is the path of a lesson's solution, ``process`` one that belongs to the same person.
    """

    reply: ClassVar[type] = Attempts
    secret: str
    folder: str
    port: int
    solution: str
    process: int
