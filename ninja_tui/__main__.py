"""The command, and ``python -m ninja_tui``."""

import os
import sys

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - nothing else is loaded


def run() -> int:
    """Runs ``ninja-tui``, with no module of the current folder in reach: a ``random.py`` there is a person's own."""
    here = os.getcwd()  # noqa: PTH109
    sys.path[:] = [each for each in sys.path if each == _PACKAGE or each not in ("", ".", here)]
    from ninja_tui.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
