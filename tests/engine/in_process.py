"""Workers without processes: requests are carried out at once, and still travel as bytes."""

from __future__ import annotations

from typing import Any, TypeVar

from ninja_tui.engine.protocol.messages import Refused, Request, checked, decode, encode
from ninja_tui.engine.workers.answers import Answers
from ninja_tui.engine.workers.client import Role, WorkerError
from ninja_tui.engine.workers.forward_run import Forward
from ninja_tui.engine.workers.judge import Judge
from ninja_tui.engine.workers.programs import Programs
from ninja_tui.engine.workers.reference import Reference

R = TypeVar("R")
SERVICES: dict[Role, type[Reference | Answers | Programs | Forward | Judge]] = {
    Role.REFERENCE: Reference, Role.ANSWERS: Answers, Role.PROGRAMS: Programs, Role.FORWARD: Forward, Role.JUDGE: Judge
}  # fmt: skip


class InProcess:
    """An ``Endpoint`` that serves in the test's own process; what hangs or ends it takes the test along."""

    def __init__(self, role: Role) -> None:
        self.service: Reference | Answers | Programs | Forward | Judge = SERVICES[role]()

    def request(self, request: Request[R], timeout: float) -> R:
        received: Request[Any] = decode(encode(request), type(request))
        try:
            reply = self.service.handlers()[type(request)](received)
        except Refused as error:
            raise WorkerError(str(error)) from None
        except Exception as error:
            raise WorkerError(f"{type(error).__name__} in {type(request).__name__}") from None
        decoded: R = checked(decode(encode(reply), request.reply))
        return decoded

    def kill(self) -> None:
        """There is nothing to end."""

    def close(self) -> None:
        """Takes back what it has changed in this process."""
        if isinstance(self.service, Programs):
            self.service.close()
