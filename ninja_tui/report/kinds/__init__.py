"""Every kind of mistake and every warning: what it means, an example, and what to do about it."""

from ninja_tui.report.kinds.mistake import Example, Mistake, Network
from ninja_tui.report.kinds.table import MISTAKES
from ninja_tui.report.kinds.warnings import WARNINGS

__all__ = ["MISTAKES", "WARNINGS", "Example", "Mistake", "Network"]
