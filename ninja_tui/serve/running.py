"""Runs the server until a signal ends it, and all processes of the app with it."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable

from aiohttp import web

from ninja_tui.errors import UsageError
from ninja_tui.serve.server import Server
from ninja_tui.serve.site import Site

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(site: Site, begin: Callable[[tuple[str, ...]], None]) -> int:
    """Serves until a signal comes, and answers with its number.

    ``begin`` is called with its addresses once the server listens. Raises UsageError where it cannot, and what
    ``begin`` raises.
    """
    return asyncio.run(_serve(site, begin))


async def _serve(site: Site, begin: Callable[[tuple[str, ...]], None]) -> int:
    server = Server(site)
    runner = web.AppRunner(server.app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        listening = _listen(site)
        await web.SockSite(runner, listening).start()
        begin(addresses(site, listening.getsockname()[1]))
        return await _until_ended(runner, server)
    finally:
        await runner.cleanup()


async def _until_ended(runner: web.AppRunner, server: Server) -> int:
    """The number of the signal that comes; what is open then is ended in order, after a second signal at once."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[int] = loop.create_future()

    def handle(number: int) -> None:
        if came.done():
            server.kill_all()
        else:
            came.set_result(number)

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            loop.add_signal_handler(number, handle, number)
    ended_by = await came
    await runner.cleanup()
    return ended_by


def addresses(site: Site, port: int) -> tuple[str, ...]:
    """What a browser asks for: where the server listens on all of the machine, from elsewhere and from here."""
    if site.public_url is not None:
        return (site.public_url,)
    every = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    host = f"[{site.host}]" if ":" in site.host else site.host
    names = (socket.gethostname(), every[site.host]) if site.host in every else (host,)
    return tuple(f"http://{name}:{port}" for name in names if name)


def _listen(site: Site) -> socket.socket:
    try:
        family = socket.getaddrinfo(site.host, site.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((site.host, site.port), family=family, backlog=128)
    except OverflowError:
        raise UsageError(f"--port {site.port} is no port: one lies between 0 and 65535") from None
    except socket.gaierror:
        raise UsageError(f"--host {site.host} is no address of this machine") from None
    except OSError as error:
        raise UsageError(_not_listening(site, error)) from None


def _not_listening(site: Site, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {site.port} is taken: --port {site.port + 1} tries another, --port 0 takes one that is free"
        case errno.EACCES:
            return f"port {site.port} is for the administrator: --port 8000 is not"
        case errno.EADDRNOTAVAIL:
            return f"--host {site.host} is no address of this machine"
        case _:
            return f"port {site.port} of {site.host} cannot be served: {error.strerror or error}"
