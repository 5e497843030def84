"""What an error says, whose class may be a person's own."""

from __future__ import annotations

LONGEST_MESSAGE = 400
LONGEST_NAME = 100
"""Characters of the name of an error's class."""
_LONGEST_READ = 10_000
_NAME = type.__dict__["__name__"].__get__
"""The name of a class itself, and not what its metaclass says."""


def message_of(error: BaseException) -> str:
    """``TypeError: what it says``, in one line of bounded length, whatever a class of a person's own makes of that."""
    name: str = _NAME(type(error))
    try:
        text = " ".join(str.split(str(error)[:_LONGEST_READ]))
    except BaseException:
        text = ""
    return " ".join(f"{name[:LONGEST_NAME]}: {text}".removesuffix(": ").split())[:LONGEST_MESSAGE]
