"""A step-through debugger for backpropagation in the terminal.

``from ninja_tui import cmp`` is the comparison of the lectures' notebooks, and ``%load_ext ninja_tui`` gives IPython
and Jupyter the magic ``%ninja``.
"""

from ninja_tui.version import __version__

TYPE_CHECKING = False
"""What ``typing`` has, which a file in the current folder may shadow: its place is still on the path here."""
if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ninja_tui.comparing import cmp

__all__ = ["__version__", "cmp", "load_ipython_extension", "unload_ipython_extension"]


def __getattr__(name: str) -> object:
    """``cmp``, which needs PyTorch, imported where it is first asked for."""
    if name == "cmp":
        from ninja_tui.comparing import cmp

        return cmp
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Adds the magic ``%ninja`` to IPython: what ``%load_ext ninja_tui`` calls."""
    from ninja_tui.jupyter import load

    load(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """Takes ``%ninja`` away again, and ends its processes: what ``%unload_ext ninja_tui`` calls."""
    from ninja_tui.jupyter import unload

    unload(shell)
