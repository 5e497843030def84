"""The app's command line with an event loop that notes when it wakes late: ``python beats.py NOTES [arguments]``.

A script of its own, as it is started in another folder.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ninja_tui import cli

BEAT = 0.001


def main(beats: Path, arguments: list[str]) -> int:
    """Runs the command line with an event loop that notes each time that it woke late, and writes each gap."""
    gaps: list[tuple[float, float, float]] = []
    run = asyncio.run

    async def beat() -> None:
        last, computed = time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(BEAT)
            now, computing = time.monotonic(), time.thread_time()
            if now - last > 2 * BEAT:
                gaps.append((now, now - last - BEAT, computing - computed))
            last, computed = now, computing

    async def beside(main: Coroutine[Any, Any, Any]) -> Any:
        beating = asyncio.create_task(beat())
        try:
            return await main
        finally:
            beating.cancel()

    with patch("asyncio.run", lambda main: run(beside(main))):
        code = cli.main(arguments)
    beats.write_text(json.dumps(gaps), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
