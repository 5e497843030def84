"""Shapes, differences and guesses as text, the same in reports and in the app."""

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


LONGEST = 2000
"""Characters of a sentence that are shown."""


def visible(text: str) -> str:
    """``text`` in which tabs are blanks, and other characters that do not print are ``�``; as long as before."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " if each == "\t" else "�" for each in text)


def plain(text: str, most: int = LONGEST) -> str:
    """What a stranger wrote, for a terminal or a report: one line of so many characters, all of which print.

    A longer text is cut in its middle: its end may say what is wrong.
    """
    if len(text) > most:
        end = most // 4
        text = f"{text[: most - end - 1]}…{text[-end:]}"
    return visible(text)
