"""What is told to a person in one sentence, without a traceback."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Excerpt:
    """The line ``line`` of a file, whose text is ``code``, and what is meant in it.

    That are the characters from ``start`` up to ``end``, counted from 0, the last excluded.
    """

    line: int
    code: str
    start: int
    end: int


class UsageError(Exception):
    """A file, lesson or option that cannot be used. The text is one clear sentence; the exit code is 2.

    ``excerpt`` is the code that the sentence is about, where there is any.
    """

    def __init__(self, sentence: str, excerpt: Excerpt | None = None) -> None:
        super().__init__(sentence)
        self.excerpt = excerpt


class InternalError(Exception):
    """An error of ninja-tui itself. The text says where its report is, and where the person's answers are."""
