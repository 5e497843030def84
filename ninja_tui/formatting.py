"""Shapes and differences as text, the same in reports and in the app."""

from __future__ import annotations


def shape_text(shape: tuple[int, ...] | None) -> str:
    """``(32, 27)``; a dash for none."""
    return "–" if shape is None else str(shape)


def number_text(value: float | None) -> str:
    """A difference in three digits; a dash for none."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{value:.2e}"
