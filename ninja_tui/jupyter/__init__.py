"""Jupyter and IPython: the magic ``%ninja``, which judges what a session has computed, in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ninja_tui.jupyter.magic import Ninja

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_loaded: WeakKeyDictionary[InteractiveShell, Ninja] = WeakKeyDictionary()


def load(shell: InteractiveShell) -> None:
    """Adds ``%ninja`` to a shell, once."""
    if shell not in _loaded:
        _loaded[shell] = Ninja(shell)
        _loaded[shell].load()


def unload(shell: InteractiveShell) -> None:
    """Takes it away again."""
    ninja = _loaded.pop(shell, None)
    if ninja is not None:
        ninja.unload()
