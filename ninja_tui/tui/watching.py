"""Sentences about an expression that binds nothing, and what it came to."""

from __future__ import annotations

import math

from ninja_tui.engine.protocol.verdict import Status, Verdict, Watched

ROOM = 8
"""So many elements are written out."""


def value_text(watched: Watched) -> str:
    """``(32,) float32: 1 0.9999 …``; of what is no tensor what Python writes, with its class."""
    if watched.shape is None:
        return f"{watched.text}  ({watched.kind})" if watched.text else f"a {watched.kind}"
    numbers = [element_text(each) for each in watched.elements[:ROOM]]
    if math.prod(watched.shape) > len(numbers):
        numbers.append("…")
    return f"{watched.shape} {watched.kind}: {' '.join(numbers)}"


def element_text(element: float) -> str:
    """Four digits of a number; whole numbers as they are."""
    return str(element) if isinstance(element, int) else f"{element:.4g}"


def watch_message(verdict: Verdict, gradient: str) -> str:
    """Under the prompt, of an expression that is no answer."""
    parts = [f"watched only: no {gradient}"]
    if verdict.output.strip():
        parts.insert(0, f"printed: {' '.join(verdict.output.split())}")
    return "  ·  ".join(parts)


def only_watched(verdict: Verdict, gradient: str) -> str:
    """After Enter on an expression that is not right: nothing was submitted."""
    if verdict.status is Status.MISSING:
        return f"only watched, nothing is submitted: {gradient} has the shape {verdict.expected_shape}"
    return f"only watched, nothing is submitted: `{gradient} = …` submits what is not right"
