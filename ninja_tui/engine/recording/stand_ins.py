"""What stands in for packages that only show things, where they are not installed: plots, progress bars, displays."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ninja_tui.lesson.syntax.imports import FOR_PEOPLE, shows


class Nothing:
    """Takes whatever is done with it, and shows nothing."""

    def __call__(self, *_: object, **__: object) -> Any:
        """Itself: what a plot's function returns is another part of the plot."""
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: object) -> Nothing:
        return self

    def __setitem__(self, key: object, value: object) -> None:
        """Nothing is kept."""

    def __iter__(self) -> Iterator[Nothing]:
        return iter(())

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        """An error inside goes on."""

    def __bool__(self) -> bool:
        return False


class Bar(Nothing):
    """A progress bar that is not drawn: it gives what it is about."""

    def __init__(self, iterable: Any = (), *_: object, **__: object) -> None:
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self._iterable)

    def __len__(self) -> int:
        return len(self._iterable)


def _counting(*numbers: int, **_: object) -> Bar:
    """``trange``."""
    return Bar(range(*numbers))


def _figure_and_axes(*_: object, **__: object) -> tuple[Nothing, Nothing]:
    """``subplots``."""
    return Nothing(), Nothing()


VALUES: dict[str, Any] = {
    "tqdm": Bar,
    "track": Bar,
    "tqdm_notebook": Bar,
    "trange": _counting,
    "subplots": _figure_and_axes,
}


class _ShownModule(ModuleType):
    """A module in which every name is there."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return VALUES.get(name, Nothing())


class StandIns(MetaPathFinder, Loader):
    """Imports something in the place of a package that only shows things; to be asked when all else has failed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of such a package, or of a module of one that stands in already; None for any other."""
        stands_in = isinstance(sys.modules.get(fullname.rpartition(".")[0]), _ShownModule)
        begins = any(name == fullname or name.startswith(f"{fullname}.") for name in FOR_PEOPLE)
        return ModuleSpec(fullname, self, is_package=True) if begins or (stands_in and shows(fullname)) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module that has every name."""
        return _ShownModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """It runs nothing."""
        vars(module)["__all__"] = []
