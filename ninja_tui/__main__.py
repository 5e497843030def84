"""``python -m ninja_tui``."""

import sys

from ninja_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
