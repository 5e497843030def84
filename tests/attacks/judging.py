"""``python -m tests.attacks.judging [unlocked]``: the process that judges; paths and limits come in, reports go out.

It is a process of its own so that an attack on it can be seen from outside.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.workers import client
from ninja_tui.replay import Request, replay
from ninja_tui.report.as_json import json_text
from tests.helpers import some_names

VARIABLE = "NINJA_ATTACKED"
"""The variable of the environment that holds the secret."""
FILE_LIMIT = 12.0
"""Seconds that a file may take."""
TAKES_ORPHANS = 36
"""``PR_SET_CHILD_SUBREAPER``: what a dead worker leaves behind becomes a child of this process."""
UNLOCKED = """\
import sys
sys.path[:] = {path!r}
from dataclasses import fields
from ninja_tui.engine.workers.lock import Lock, limits
from ninja_tui.engine.workers.server import main
limits.limit = lambda **_: None
main({descriptor}, Lock(*(None for _ in fields(Lock))))
"""
"""What the server of workers runs, in the place of ``client.BOOT``, where nothing is to be locked."""


def main() -> None:
    """Serves its standard input."""
    if "unlocked" in sys.argv:
        client.BOOT = UNLOCKED
    ctypes.CDLL(None).prctl(TAKES_ORPHANS, 1, 0, 0, 0)
    secret = ctypes.create_string_buffer(os.environ[VARIABLE].encode())
    protection = client.protection()
    _say({"address": ctypes.addressof(secret), "locked": bool(protection.landlock and protection.seccomp)})
    for line in sys.stdin:
        asked = json.loads(line)
        options = Options(served=(("names.txt", some_names()),))
        before = _memory_from_now_on()
        began = time.monotonic()
        try:
            report = replay(_request(asked["paths"], asked["limit"], options))
            said = {"files": json.loads(json_text(report))["files"]}
        except BaseException:
            said = {"files": [], "traceback": traceback.format_exc()}
        _say({**said, "seconds": time.monotonic() - began, "megabytes": _most_memory() - before})


def _request(paths: list[str], limit: float, options: Options) -> Request:
    request = Request(tuple(map(Path, paths)), options=options, timeout=limit)
    return replace(request, limits=replace(request.limits, file=FILE_LIMIT))


def _say(message: dict[str, object]) -> None:
    print(json.dumps(message), flush=True)


def _memory_from_now_on() -> int:
    """Has the kernel count the most memory from here; how much it is now, in MB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _most_memory()


def _most_memory() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


if __name__ == "__main__":
    main()
