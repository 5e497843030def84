"""A CPU whatever device code asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ninja_tui.engine.protocol.lesson_code import LessonCode

DEVICES = ("cuda", "mps", "xpu", "hip", "tpu", "xla")
CUDA_TYPES = "torch.cuda."


class OnCpu(TorchFunctionMode):
    """Makes every device that a call is given mean the CPU."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name in ("cuda", "mps", "xpu") and args:
            return args[0]
        args = tuple(_here(arg) for arg in args)
        named = {key: _here(arg) if key == "device" else arg for key, arg in (kwargs or {}).items()}
        return func(*args, **named)


def on_cpu(code: LessonCode) -> contextlib.AbstractContextManager[object]:
    """Within it every device is the CPU, for lessons of any form."""
    return OnCpu() if code.discovered else contextlib.nullcontext()


def _here(arg: Any) -> Any:
    if isinstance(arg, torch.device):
        return torch.device("cpu") if arg.type in DEVICES else arg
    if isinstance(arg, str) and arg.split(":")[0] in DEVICES:
        return "cpu"
    if isinstance(arg, str) and arg.startswith(CUDA_TYPES):
        return f"torch.{arg.removeprefix(CUDA_TYPES)}"
    if isinstance(arg, type) and arg.__module__ == "torch.cuda":
        return getattr(torch, arg.__name__, arg)
    return arg
