"""What is to be known of a ``torch.autograd.Function``'s class: its name, whose it is, how its arguments are called."""

from __future__ import annotations

import dis
import inspect
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from types import CodeType
from typing import Any

from torch.autograd.function import Function

LONGEST_NAME = 60
OWN_MODULES = ("__main__", "lesson")
"""The modules of classes that a file defines itself."""
LIBRARIES = tuple({str(Path(sysconfig.get_path(name))) for name in ("stdlib", "purelib", "platlib")})


def name_of(cls: Any) -> str:
    """Its name."""
    return _plain(str(getattr(cls, "__name__", ""))) or "Function"


def _plain(name: str) -> str:
    return "".join(each for each in name[:LONGEST_NAME] if each.isprintable())


def is_own(cls: Any, libraries: tuple[str, ...] = LIBRARIES) -> bool:
    """Whether a class is neither PyTorch's nor another library's, which stand in the folders ``libraries``."""
    filename = getattr(_backward_code(cls), "co_filename", "")
    return bool(filename) and not filename.startswith(libraries)


def _backward_code(cls: Any) -> CodeType | None:
    for name in ("backward", "vjp"):
        function = getattr(cls, name, None)
        if function is not None and function is not getattr(Function, name):
            code = getattr(inspect.unwrap(function), "__code__", None)
            if isinstance(code, CodeType):
                return code
    return None


def in_order(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
    """The arguments of a call by their places; None where some have none."""
    if not kwargs:
        return args
    try:
        bound = inspect.signature(cls.forward).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return None
    bound.apply_defaults()
    return None if bound.kwargs else bound.args


def line_of(cls: Any) -> int:
    """The line of the ``return`` of a Function's backward; where there are several, that of its ``def``.

    0 where it is not known, or stands in another file.
    """
    code = _backward_code(cls)
    if code is None or getattr(cls, "__module__", "") not in OWN_MODULES:
        return 0
    returns = {each.positions.lineno for each in dis.get_instructions(code) if each.opname.startswith("RETURN")
               and each.positions is not None and each.positions.lineno != code.co_firstlineno}  # fmt: skip
    lines = [each for each in returns if each]
    return int(lines[0]) if len(lines) == 1 else int(code.co_firstlineno)


def argument_names(cls: Any, count: int) -> list[str]:
    """The names of the arguments of a Function's forward pass, without ``ctx``."""
    skipped = 0 if cls.setup_context is not Function.setup_context else 1
    return _unique(_parameters(getattr(cls, "forward", None), skipped, count))


def upstream_names(cls: Any, count: int) -> tuple[str, ...]:
    """The names that a Function's backward has for its upstream gradients."""
    function = getattr(cls, "backward", None)
    function = getattr(cls, "vjp", None) if function is Function.backward else function
    return tuple(_unique(_parameters(function, 1, count)))


def _parameters(function: Any, skipped: int, count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())[skipped:]
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for each in parameters:
        if each.kind is inspect.Parameter.VAR_POSITIONAL:
            names += [f"{each.name}[{index}]" for index in range(count - len(names))]
        else:
            names.append(each.name)
    names += [f"argument {index + 1}" for index in range(len(names), count)]
    return [_plain(name) for name in names[:count]]


def _unique(names: Sequence[str]) -> list[str]:
    return [name if name not in names[:index] else f"{name} #{index + 1}" for index, name in enumerate(names)]
