"""What ``assert_gradients`` says: that it passes, warns, or fails."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

from ninja_tui.testing import GradientWarning, assert_gradients

Function = Callable[..., Any]


def failure(function: Function, *inputs: Any, **given: Any) -> str:
    with pytest.raises(AssertionError) as told:
        assert_gradients(function, *inputs, **given)
    return str(told.value)


def warned(function: Function, *inputs: Any, **given: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert_gradients(function, *inputs, **given)
    assert all(issubclass(each.category, GradientWarning) and each.filename == __file__ for each in seen)
    return [str(each.message) for each in seen]


def passes(function: Function, *inputs: Any, **given: Any) -> None:
    assert warned(function, *inputs, **given) == []
