"""Shapes, differences, guesses and strangers' words as text, the same in reports and in the app."""

from __future__ import annotations

from collections.abc import Iterable


def shape_text(shape: tuple[int, ...] | None) -> str:
    """``(32, 27)``; a dash for none."""
    return "–" if shape is None else str(shape)


def number_text(value: float | None) -> str:
    """A difference in three digits; a dash for none."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{value:.2e}"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of the ``known`` words that ``word`` may be meant for; None where none is close."""
    from difflib import get_close_matches  # only where something is wrong

    close = get_close_matches(word.lower(), list(known), n=1)
    return close[0] if close else None


def guess(word: str, known: Iterable[str]) -> str:
    """``; did you mean `names`?`` where ``word`` is close to one of the ``known``; else nothing."""
    close = closest(word, known)
    return f"; did you mean `{close}`?" if close else ""


LONGEST_LINE = 2000
"""Characters of a line that is shown; the middle of a longer one is left out."""


def visible(text: str) -> str:
    """``text`` in which tabs are blanks, and other characters that do not print are ``�``; as long as before."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " if each == "\t" else "�" for each in text)


def printable(text: str) -> str:
    """``text`` without control characters and what has no encoding; line breaks stay."""
    if text.isprintable():
        return text
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(each if each == "\n" or each.isprintable() else "�" for each in text)


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """``text`` as it may be shown, whoever wrote it: on one line of at most ``longest`` characters, all printable."""
    if len(text) > longest:
        end = longest // 3
        text = f"{text[: longest - end - 3]} … {text[-end:]}"
    if not text.isprintable():
        text = printable("".join(" " if each.isspace() else each for each in text))
    return text
