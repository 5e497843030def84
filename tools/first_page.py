"""The app's page and its first frame from `ninja-tui serve`: ``python -m tools.first_page COMMAND``."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys

import aiohttp

LONGEST = 60.0
"""Seconds."""


async def _first_frame(url: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(LONGEST):
        page = await (await session.get(url)).text()
        for path in re.findall(r'(?:src|href)="(/[^"]+)"', page):
            (await session.get(url + path)).raise_for_status()
        painted = b""
        async with session.ws_connect(f"{url}/ws/all?width=120&height=40", origin=url) as terminal:
            async for message in terminal:
                painted += message.data if isinstance(message.data, bytes) else b""
                if b"forward 1/" in painted:
                    return
    raise SystemExit(f"the app in the browser painted only {painted[-2000:]!r}")


def main() -> None:
    """Serves, looks, and ends it."""
    server = subprocess.Popen([sys.argv[1], "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        assert found
        asyncio.run(_first_frame(found[0]))
        server.send_signal(signal.SIGINT)
        code = server.wait(LONGEST)
    finally:
        server.kill()
    print(f"its page, what that loads, and a first frame; Ctrl-C ends it with {code}")
    sys.exit(0 if code == 130 else 1)


if __name__ == "__main__":
    main()
