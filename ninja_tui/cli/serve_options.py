"""The options of `ninja-tui serve` that no other command has."""

from __future__ import annotations

import argparse
from pathlib import Path

LARGEST_PORT = 65535
MOST_VISITORS = 1000


def add(parser: argparse.ArgumentParser) -> argparse.Action:
    """Adds them; gives the one that takes the path."""
    path = parser.add_argument(
        "path", nargs="?", metavar="PATH",
        help="a lesson's name, or a script, notebook or lesson folder of your own (default: names)",
    )  # fmt: skip
    host = "the address to listen on; 0.0.0.0 for all of this machine (default: 127.0.0.1, this machine alone)"
    parser.add_argument("--host", metavar="ADDRESS", help=host)
    parser.add_argument("--port", metavar="N", type=_port, help="the port; 0 for one that is free (default: 8000)")
    parser.add_argument("--public-url", metavar="URL", help="the address in browsers, where it is another one")
    each = "ask each visitor for a name, and keep answers in FOLDER/NAME (default with another --host: answers)"
    parser.add_argument("--each", metavar="FOLDER", type=Path, help=each)
    parser.add_argument("--visitors", metavar="N", type=_visitors, help="how many may be there at once (default: 10)")
    trust = "take visitors of other machines also where this system has no lock for their code"
    parser.add_argument("--trust", action="store_true", help=trust)
    return path


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= LARGEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port between 0 and {LARGEST_PORT}")
    return int(text)


def _visitors(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_VISITORS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number between 1 and {MOST_VISITORS}")
    return int(text)
