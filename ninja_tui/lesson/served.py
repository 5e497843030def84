"""Files as texts: what a person's code may open is sent to where it runs, bytes that are no text included."""

from __future__ import annotations

import base64

_BYTES = "\0base64:"
"""Begins what stands for a file that is no UTF-8: no text begins so."""


def as_served(content: bytes) -> str:
    """The text that stands for a file of that ``content``."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = _BYTES
    return _BYTES + base64.b64encode(content).decode("ascii") if text.startswith(_BYTES) else text


def content_of(served: str) -> bytes:
    """The content of the file for which that text stands."""
    return base64.b64decode(served.removeprefix(_BYTES)) if served.startswith(_BYTES) else served.encode()
