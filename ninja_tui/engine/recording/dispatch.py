"""Sees each of PyTorch's operators below autograd."""

from __future__ import annotations

from torch.utils._python_dispatch import TorchDispatchMode


class OperatorMode(TorchDispatchMode):  # type: ignore[no-untyped-call]  # PyTorch has no types for it
    """A ``TorchDispatchMode`` that costs no start-up."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()  # type: ignore[no-untyped-call]  # PyTorch has no types for it

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # PyTorch has no types for it

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: to have Dynamo skip it would import PyTorch's compiler, which takes seconds."""
        return False
