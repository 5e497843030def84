"""The parser, one thread at a time.

Before Python 3.11.8 and 3.12.2 two threads that make syntax trees at once can get ``SystemError: AST constructor
recursion depth mismatch`` (https://github.com/python/cpython/issues/106905).
"""

from __future__ import annotations

import ast
import threading

_lock = threading.RLock()


def parse_code(code: str) -> ast.Module:
    """``ast.parse``; raises what it raises."""
    with _lock:
        return ast.parse(code)
