"""What ``%ninja`` is asked for."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ninja_tui.errors import UsageError


@dataclass(frozen=True)
class Arguments:
    """``nodes`` are tensors or gradients to be shown in detail; without any, all are shown.

    ``watch`` is True or False where watching is to begin or to end. ``timeout`` is seconds a statement.
    """

    nodes: tuple[str, ...] = ()
    watch: bool | None = None
    verbose: bool = False
    strict: bool = False
    timeout: float = 10.0
    data: Path | None = None
    help: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (%ninja --help tells what there is)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="%ninja",
        add_help=False,
        allow_abbrev=False,
        description="Judges the gradients that this session has computed so far: its cells, in the order in which they "
        "ran, run again in a process of their own, and each gradient is compared with autograd's.",
    )
    parser.add_argument("nodes", nargs="*", metavar="NODE", help="a tensor or its gradient, to be shown in detail")
    parser.add_argument(
        "--watch", action=argparse.BooleanOptionalAction, default=None, help="judge after each cell that computes one"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="a note on each answer, and earlier answers too")
    parser.add_argument("--strict", action="store_true", help="warnings are failures")
    parser.add_argument(
        "--timeout", type=_seconds, default=Arguments.timeout, metavar="S", help="seconds a statement may take (10)"
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="stands for names.txt, or the file of its name")
    parser.add_argument("-h", "--help", action="store_true", help="show this")
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def read_arguments(line: str) -> Arguments:
    """What the words behind ``%ninja`` ask for; raises UsageError."""
    try:
        words: Sequence[str] = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{line}: {error}") from None
    read = _parser().parse_args(words)
    return Arguments(tuple(read.nodes), read.watch, read.verbose, read.strict, read.timeout, read.data, read.help)


def help_text() -> str:
    """What ``%ninja --help`` prints."""
    return _parser().format_help()
