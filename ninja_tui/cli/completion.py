"""Completion in the shell: argcomplete asks the parsers themselves, and a lesson that is new is completed at once."""

from __future__ import annotations

import os

import argcomplete
from argcomplete.shell_integration import shellcode

from ninja_tui.cli.arguments import WORDS, app_parser, command_parser


def complete() -> None:
    """Tells the shell how its line may go on, and ends the process."""
    words = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT", "0"))].split()
    has_command = len(words) > 1 and words[1] in WORDS and " " in os.environ["COMP_LINE"].partition(words[1])[2]
    argcomplete.autocomplete(command_parser() if has_command else app_parser(), always_complete_options=False)


def shell_code(shell: str) -> str:
    """What a shell is to run to complete ``ninja-tui``."""
    return shellcode(["ninja-tui"], shell=shell)
