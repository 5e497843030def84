"""Gradients in a test of one's own: ``assert_gradients`` judges a backward pass as the app does.

It runs the code that it is given in this process; it starts no others.
"""

from __future__ import annotations

from ninja_tui.testing.asserting import GradientWarning, assert_gradients

__all__ = ["GradientWarning", "assert_gradients"]
