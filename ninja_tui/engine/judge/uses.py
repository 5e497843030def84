"""A tensor that one statement uses in several places: what each of them contributes to its gradient."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch

NODE_NAME = re.compile(r"Backward\d*$")
SHAPES = frozenset({"view", "unsafeview", "reshapealias", "t", "transpose", "permute", "expand", "unsqueeze", "squeeze",
                    "clone", "alias"})  # fmt: skip
OPERATORS = {
    "mm": "@", "bmm": "@", "mv": "@", "addmm": "@", "dot": "@", "mul": "*", "div": "/", "add": "+", "sub": "-",
    "pow": "**", "linalgvectornorm": "norm",
}  # fmt: skip
"""As a person writes them."""


@dataclass(frozen=True)
class Use:
    """One place in which a tensor is used: the ``operation`` there, what it contributes, and what flows into it.

    ``pulled`` gives what it would contribute with another gradient flowing in.
    """

    operation: str
    part: torch.Tensor
    upstream: torch.Tensor
    pulled: Callable[[torch.Tensor], torch.Tensor]


def uses_of(output: torch.Tensor, leaf: torch.Tensor) -> list[Use]:
    """The places in which ``leaf`` is used on the way to ``output``."""
    noted: list[_Noting] = []
    handles = []
    functions = _functions(output)
    for function in functions:
        for place, (reader, _) in enumerate(function.next_functions):
            if getattr(reader, "variable", None) is leaf:
                way = _way(function, place, functions)
                noting = _Noting(way)
                noted.append(noting)
                handles.append(function.register_hook(noting.part_comes))
                handles.append(way[-1][0].register_hook(noting.upstream_comes))
    torch.autograd.grad(output, leaf, allow_unused=True, retain_graph=True)
    for handle in handles:
        handle.remove()
    found = [use for noting in noted if (use := noting.use()) is not None]
    return [use for use in found if use.part.shape == leaf.shape]


def _way(
    function: torch.autograd.graph.Node, place: int, functions: list[torch.autograd.graph.Node]
) -> list[tuple[torch.autograd.graph.Node, int]]:
    """From what reads a tensor to what computes with it, past changes of shape: functions, and where each reads."""
    way = [(function, place)]
    while _operation(function) in SHAPES:
        readers = [
            (each, at) for each in functions for at, (reader, _) in enumerate(each.next_functions) if reader is function
        ]
        if len(readers) != 1:
            break
        function = readers[0][0]
        way.append(readers[0])
    return way


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
    """What goes through one place while gradients are computed."""

    def __init__(self, way: list[tuple[torch.autograd.graph.Node, int]]) -> None:
        self._way = way
        self._part: torch.Tensor | None = None
        self._upstream: torch.Tensor | None = None

    def part_comes(self, gradients: tuple[torch.Tensor | None, ...], _: object) -> None:
        part = gradients[self._way[0][1]]
        self._part = None if part is None else part.detach()

    def upstream_comes(self, _: object, gradients: tuple[torch.Tensor | None, ...]) -> None:
        alone = len(gradients) == 1 and gradients[0] is not None  # what gives several values cannot be called with one
        self._upstream = gradients[0].detach() if alone and gradients[0] is not None else None

    def use(self) -> Use | None:
        if self._part is None or self._upstream is None:
            return None
        name = _operation(self._way[-1][0])
        return Use(OPERATORS.get(name, name), self._part, self._upstream, self._pulled)

    def _pulled(self, upstream: torch.Tensor) -> torch.Tensor:
        gradient = upstream
        for function, place in reversed(self._way):
            inputs = function(gradient)  # type: ignore[operator]  # a Node can be called
            gradient = inputs[place] if isinstance(inputs, tuple) else inputs
        return gradient.detach()
