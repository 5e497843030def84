"""All kinds of mistakes."""

from __future__ import annotations

from collections.abc import Mapping

from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.report.kinds.code import OF_CODE
from ninja_tui.report.kinds.mistake import Mistake
from ninja_tui.report.kinds.paths import OF_PATHS
from ninja_tui.report.kinds.shapes import OF_SHAPE
from ninja_tui.report.kinds.values import OF_VALUES

MISTAKES: Mapping[Kind, Mistake] = {each.kind: each for each in (*OF_SHAPE, *OF_PATHS, *OF_VALUES, *OF_CODE)}
"""By kind, in the order in which they are read: shapes, paths, values, code."""
