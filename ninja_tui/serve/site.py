"""What is served: to whom, under which addresses, and where each visitor's answers go."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ninja_tui.errors import UsageError

NAME = re.compile(r"\w[\w.-]{0,39}")
"""A visitor's name, which is a folder's too: it begins with a letter or digit, so that none is hidden."""
SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Site:
    """``options`` are those with which each process of the app is started, all but where answers go.

    ``solutions`` is the file for the answers of all visitors; None where each has a folder in ``each``, by a name.
    ``visitors`` may be there at once.
    """

    host: str
    port: int
    options: tuple[str, ...]
    solutions: Path | None
    each: Path | None
    visitors: int
    public_url: str | None = None

    def answers_of(self, name: str) -> Path:
        """The solutions file of the visitor ``name``, empty where nobody is asked for one."""
        if self.each is not None:
            return self.each / name / "solutions.py"
        assert self.solutions is not None
        return self.solutions


def visitor_name(text: str) -> str | None:
    """The name that a person typed, as it stands in addresses and on the disk; None where it cannot be one.

    Capital letters and spaces make no other person of somebody.
    """
    name = "-".join(unicodedata.normalize("NFKC", text).casefold().split())
    return name if NAME.fullmatch(name) and not name.endswith(".") else None


def is_loopback(host: str) -> bool:
    """Whether only this machine itself reaches a server that listens on ``host``."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def read_public_url(text: str) -> str:
    """The address under which browsers reach the server, without a slash at its end. Raises UsageError."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise UsageError(f"--public-url {text} is no address such as https://ninja.example.org: a scheme and a host")
    return f"{parts.scheme}://{parts.netloc.lower()}"


class Addresses:
    """The names under which this server may be asked for, and the pages that may drive the app.

    A page of another origin must do neither, also not by a name of its own that its owner has lead here.
    A number is no such name.
    """

    def __init__(self, host: str, public_url: str | None = None, own_names: Sequence[str] | None = None) -> None:
        names = _own_names() if own_names is None else own_names
        self._public = public_url
        self._names = {"localhost", host.strip("[]").lower(), *names}
        if not is_loopback(host):
            self._names |= {f"{name}.local" for name in names}
        if public_url is not None:
            self._names.add(urlsplit(public_url).hostname or "")

    def answers_to(self, host: str) -> bool:
        """Whether ``host``, as a request's header has it, is a name of this server."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if not re.fullmatch(r"[A-Za-z0-9._:%\[\]-]+", host):
            return False
        return _is_number(name) or name in self._names

    def is_own_page(self, origin: str | None, host: str) -> bool:
        """Whether a page of ``origin`` came from this server, which it asks as ``host``."""
        if origin is None or not self.answers_to(host):
            return False
        own = {f"{scheme}://{host.lower()}" for scheme in SCHEMES}
        return origin.lower() in own or (self._public is not None and origin.lower() == self._public)


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _own_names() -> list[str]:
    name = socket.gethostname().lower()
    return [name] if name else []
