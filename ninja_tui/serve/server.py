"""The web server: a page with a terminal in it, and a websocket for each, behind which the app runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path
from string import Template

import textual_serve
from aiohttp import WSMsgType, web

from ninja_tui.serve.app_process import AppProcess
from ninja_tui.serve.site import Addresses, Site, visitor_name

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
STATIC = Path(textual_serve.__file__).parent / "static"
"""The terminal as JavaScript, and its font: nothing is fetched from elsewhere."""
PAGES = Path(__file__).parent / "page"
HEARTBEAT = 15.0
"""Seconds after which a browser that is silent is asked whether it is there."""
LARGEST_MESSAGE = 1 << 20
"""Bytes that a browser may send at once: more than any code that is pasted."""
FONT_SIZE, SMALLEST, LARGEST = 16, 8, 40
"""Pixels."""
CLEAR = b"\x1b[?1049l\x1b[?1000l\x1b[?1003l\x1b[2J\x1b[H"
"""Leaves Textual's screen for one without anything on it."""


class Server:
    """Hands each visitor a process of the app; ``app`` is what aiohttp runs."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._addresses = Addresses(site.host, site.public_url)
        self._here: dict[web.WebSocketResponse, AppProcess | None] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self.app = web.Application(middlewares=[self._guard])
        self.app.router.add_get("/", self._index)
        self.app.router.add_get("/ws/{name}", self._session)
        self.app.router.add_static("/static", STATIC)
        self.app.router.add_static("/page", PAGES)
        self.app.on_shutdown.append(self._end_all)

    @property
    def visitors(self) -> int:
        """How many are there."""
        return len(self._here)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Only requests for this server by a name of its own, and pages that nobody else can frame."""
        if not self._addresses.answers_to(request.host):
            raise web.HTTPForbidden(text=f"This is no name of this server; --public-url gives it one.\n{request.host}")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_headers(request.host))
        return response

    async def _index(self, request: web.Request) -> web.Response:
        """The terminal; before it, where each visitor has answers of their own, the question for a name."""
        if len(self._here) >= self._site.visitors:
            return _page("words.html", 503, text=self._full)
        asked = request.query.get("name", "")
        name = visitor_name(asked) if self._site.each is not None else "all"
        if name is None:
            problem = "" if not asked.strip() else "A name has letters, digits, dots and dashes, at most 40 of them."
            return _page("name.html", 200, asked=asked, problem=problem)
        size = request.query.get("fontsize", "")
        pixels = min(max(int(size), SMALLEST), LARGEST) if size.isascii() and size.isdigit() else FONT_SIZE
        return _page("terminal.html", 200, visitor=name, font_size=str(pixels))

    @property
    def _full(self) -> str:
        count = self._site.visitors
        people = "1 person is" if count == 1 else f"{count} people are"
        return f"{people} here already, and this server takes no more (--visitors). Try again later."

    async def _session(self, request: web.Request) -> web.StreamResponse:
        """One visitor, from the page's first size to its end."""
        if not self._addresses.is_own_page(request.headers.get("Origin"), request.host):
            raise web.HTTPForbidden(text="Only a page of this server drives the app.")
        name = visitor_name(request.match_info["name"])
        if name is None:
            raise web.HTTPNotFound
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST_MESSAGE)
        await socket.prepare(request)
        if len(self._here) >= self._site.visitors:
            await _tell(socket, self._full)
            await socket.close()
            return socket
        self._here[socket] = None
        log.info("a visitor has come; %d are here", len(self._here))
        try:
            width, height = (_number(request.query.get(each), usual) for each, usual in (("width", 80), ("height", 24)))
            process = await self._start(name, width, height)
        except OSError as error:
            await _tell(socket, f"The app cannot be started: {error.strerror or error}.")
            self._here.pop(socket)
            await socket.close()
            return socket
        self._here[socket] = process
        ending = asyncio.create_task(self._serve(socket, process))
        self._leaving.add(ending)
        ending.add_done_callback(self._leaving.discard)
        await asyncio.shield(ending)  # a browser that is gone must not keep its process from ending in order
        return socket

    async def _start(self, name: str, width: int, height: int) -> AppProcess:
        site = self._site
        solutions = site.answers_of(name).absolute()
        own = {}
        if site.each is not None:
            folder = solutions.parent
            folder.mkdir(parents=True, exist_ok=True)
            own = {f"NINJA_TUI_{each.upper()}": str(folder / file) for each, file in OWN_FILES.items()}
        arguments = ("--in-browser", f"--solutions={solutions}", *site.options)
        return await AppProcess.started(arguments, width, height, own)

    async def _serve(self, socket: web.WebSocketResponse, process: AppProcess) -> None:
        painting = asyncio.create_task(_paint(socket, process))
        try:
            await _read(socket, process)
        finally:
            painting.cancel()
            await asyncio.gather(painting, return_exceptions=True)
            await process.end()
            self._here.pop(socket, None)
            log.info("a visitor has left; %d are here", len(self._here))

    async def _end_all(self, _app: web.Application) -> None:
        """Ends all processes, each in order."""
        await asyncio.gather(*(socket.close() for socket in list(self._here)), return_exceptions=True)
        await asyncio.gather(*list(self._leaving), return_exceptions=True)

    def kill_all(self) -> None:
        """Ends all processes at once."""
        for process in self._here.values():
            if process is not None:
                process.kill()


OWN_FILES = {"history": ".history.jsonl", "config": ".config.toml", "deck": ".deck.json"}
"""What a visitor has of their own beside the answers, by what names it in the environment."""


async def _read(socket: web.WebSocketResponse, process: AppProcess) -> None:
    """What the browser sends, until it leaves; what is none of the terminal's messages is not looked at."""
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            read: object = json.loads(message.data)
        except (ValueError, RecursionError):
            continue
        match read:
            case ["stdin", str(text)]:
                await process.type(text)
            case ["resize", {"width": int(width), "height": int(height)}]:
                await process.resize(width, height)
            case ["focus" | "blur" as what]:
                await process.focus(has_it=what == "focus")
            case ["ping", str(sent)]:
                await socket.send_json(["pong", sent])


async def _paint(socket: web.WebSocketResponse, process: AppProcess) -> None:
    """What the app paints, until it ends: then why, where it was not asked to, and nothing more."""
    async for painted in process.painted():
        await socket.send_bytes(painted)
    if words := await process.last_words():
        await _tell(socket, words)
    await socket.close()


async def _tell(socket: web.WebSocketResponse, text: str) -> None:
    """Words on an empty screen."""
    with contextlib.suppress(ConnectionError, RuntimeError):
        await socket.send_bytes(CLEAR + text.replace("\n", "\r\n").encode(errors="replace"))


def _page(name: str, status: int, **values: str) -> web.Response:
    """A page of ours, whose ``$words`` stand for text."""
    head, template = (PAGES.joinpath(each).read_text(encoding="utf-8") for each in ("head.html", name))
    text = Template(template).substitute({word: escape(value) for word, value in values.items()}, head=head.rstrip())
    return web.Response(text=text, status=status, content_type="text/html", headers={"Cache-Control": "no-store"})


def _headers(host: str) -> dict[str, str]:
    """Nothing from elsewhere, and nothing of ours elsewhere. ``host`` is one that was looked at."""
    policy = {
        "default-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",  # the terminal makes its own
        "img-src": "'self' data:",
        "connect-src": f"'self' ws://{host} wss://{host}",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def _number(text: str | None, usual: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 7 else usual
