"""A tensor that one statement uses in several places: what each of them contributes to its gradient."""

from __future__ import annotations

import re

import torch

NODE_NAME = re.compile(r"Backward\d*$")
SHAPES = frozenset({"view", "unsafeview", "reshapealias", "t", "transpose", "permute", "expand", "unsqueeze", "squeeze",
                    "clone", "alias"})  # fmt: skip
OPERATORS = {
    "mm": "@", "bmm": "@", "mv": "@", "addmm": "@", "dot": "@", "mul": "*", "div": "/", "add": "+", "sub": "-",
    "pow": "**", "linalgvectornorm": "norm",
}  # fmt: skip
"""As a person writes them."""


def contributions_by_use(output: torch.Tensor, leaf: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
    """For each place in which ``leaf`` is used on the way to ``output``: the operation there, and its contribution."""
    found: list[tuple[str, torch.Tensor]] = []
    handles = []
    functions = _functions(output)
    for function in functions:
        for place, (reader, _) in enumerate(function.next_functions):
            if getattr(reader, "variable", None) is leaf:
                handles.append(function.register_hook(_Noting(found, _computing(function, functions), place)))
    torch.autograd.grad(output, leaf, allow_unused=True)
    for handle in handles:
        handle.remove()
    return [(name, part) for name, part in found if part.shape == leaf.shape]


def _computing(function: torch.autograd.graph.Node, functions: list[torch.autograd.graph.Node]) -> str:
    """The operation that computes with what ``function`` reads: a change of shape is none."""
    name = _operation(function)
    while name in SHAPES:
        readers = [each for each in functions if any(reader is function for reader, _ in each.next_functions)]
        if len(readers) != 1:
            break
        function = readers[0]
        name = _operation(function)
    return OPERATORS.get(name, name)


def _functions(output: torch.Tensor) -> list[torch.autograd.graph.Node]:
    """The functions of the graph behind ``output``, each once."""
    waiting = [] if output.grad_fn is None else [output.grad_fn]
    seen: list[torch.autograd.graph.Node] = []
    while waiting:
        function = waiting.pop()
        if any(function is other for other in seen):
            continue
        seen.append(function)
        waiting.extend(reader for reader, _ in function.next_functions if reader is not None)
    return seen


def _operation(function: torch.autograd.graph.Node) -> str:
    """``var`` of ``VarBackward0``."""
    return NODE_NAME.sub("", function.name()).lower()


class _Noting:
    def __init__(self, found: list[tuple[str, torch.Tensor]], name: str, place: int) -> None:
        self._found, self._name, self._place = found, name, place

    def __call__(self, gradients: tuple[torch.Tensor | None, ...], _: object) -> None:
        part = gradients[self._place]
        if part is not None:
            self._found.append((self._name, part.detach()))
