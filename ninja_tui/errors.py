"""What is told to a person in one sentence, without a traceback."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.formatting import one_line, printable

LONGEST_EXCERPT = 200
"""Characters of a line of code that is shown."""


@dataclass(frozen=True)
class Excerpt:
    """The line ``line`` of a file, whose text is ``code``, and what is meant in it.

    That are the characters from ``start`` up to ``end``, counted from 0, the last excluded. ``code`` is printable; of a
    long line it is the part around what is meant.
    """

    line: int
    code: str
    start: int
    end: int

    def __post_init__(self) -> None:
        code, start, end = self.code, self.start, self.end
        if len(code) > LONGEST_EXCERPT:
            first = max(0, min(start - LONGEST_EXCERPT // 2, len(code) - LONGEST_EXCERPT))
            code = code[first : first + LONGEST_EXCERPT]
            start, end = start - first, min(end - first, len(code))
        shown = "\t".join(map(printable, code.replace("\n", " ").split("\t")))
        for name, value in (("code", shown), ("start", start), ("end", max(end, start))):
            object.__setattr__(self, name, value)


class UsageError(Exception):
    """A file, lesson or option that cannot be used. The text is one clear sentence; the exit code is 2.

    What it names of strangers' files is made fit to be shown: printable, one line, not too long.

    ``excerpt`` is the code that the sentence is about, where there is any.
    """

    def __init__(self, sentence: str, excerpt: Excerpt | None = None) -> None:
        super().__init__(one_line(sentence))
        self.excerpt = excerpt


class InternalError(Exception):
    """An error of ninja-tui itself. The text says where its report is, and where the person's answers are."""
