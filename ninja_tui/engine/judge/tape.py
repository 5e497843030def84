"""The tape: the values of all nodes and their autograd gradients, for one minibatch and one precision."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import torch

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.devices import on_cpu
from ninja_tui.engine.recording.execution import Namespace, run_cell
from ninja_tui.engine.recording.precision import cast, precision, rebind
from ninja_tui.lesson.syntax.names import all_names

SPREAD = 0.2
"""How far the parameters of a fresh world are from this one's, as a share of each entry."""
OFF_ZERO = 0.05
"""And how far from zero, where an entry is zero."""


@dataclass(frozen=True)
class Tape:
    """``values`` and ``gradients`` by name; only nodes that the loss depends on have a gradient.

    ``objects`` are what statements bind beside tensors, like the two halves of ``x.max(1)``.
    """

    loss: float
    values: dict[str, torch.Tensor]
    gradients: dict[str, torch.Tensor]
    bound: tuple[str, ...]
    objects: Namespace


def record(code: LessonCode, namespace: Namespace, dtype: str) -> Tape:
    """Runs the forward pass on a copy of ``namespace`` in ``dtype``, and autograd's backward pass.

    ``bound`` names the tensors that the statements bind. Raises Refused where a statement raises, the loss is
    no scalar, or nothing needs a gradient.
    """
    done: dict[int, object] = {}
    with precision(dtype), on_cpu(code):
        own = {name: cast(value, getattr(torch, dtype), done) for name, value in namespace.items()}
        for name in code.parameters:
            if isinstance(own.get(name), torch.Tensor) and own[name].is_floating_point():
                own[name].requires_grad_()
        rebind(own)
        before = dict(own)
        nodes = frozenset(code.nodes)
        _retain(own, nodes)
        for source, line in code.statements:
            tree = ast.parse(source)
            run_cell(tree, line, code, own)
            _retain(own, nodes & all_names(tree))
        loss = own.get(code.loss)
        if not isinstance(loss, torch.Tensor):
            kind = f"`{code.loss}` is of {type(loss).__module__}.{type(loss).__name__}, not a tensor"
            raise Refused(f"{code.where}: {kind}; gradients are compared with autograd's: write the network in PyTorch")
        if loss.numel() != 1:
            raise Refused(f"{code.where}: `{code.loss}` is not a single number")
        if not loss.requires_grad:
            raise Refused(f"{code.where}: `{code.loss}` depends on no parameter")
        loss.sum().backward()  # type: ignore[no-untyped-call]  # PyTorch has no types for it
    tensors = {name: value for name, value in own.items() if isinstance(value, torch.Tensor)}
    bound = tuple(name for name, value in tensors.items() if value is not before.get(name))
    gradients = {
        name: gradient.detach().clone()
        for name in code.nodes
        if name in tensors and (gradient := tensors[name].grad) is not None
    }
    values = {name: value.detach() for name, value in tensors.items()}
    objects = {name: own[name] for binds, _ in code.graph for name in binds if name in own and name not in values}
    return Tape(loss.item(), values, gradients, bound, objects)


def _retain(namespace: Namespace, names: frozenset[str]) -> None:
    """Has autograd keep the gradients of those ``names``."""
    for name in names:
        value = namespace.get(name)
        if isinstance(value, torch.Tensor) and value.requires_grad and not value.is_leaf:
            value.retain_grad()


def elsewhere(code: LessonCode, namespace: Namespace) -> Namespace:
    """``namespace`` with other parameters, near those it has: the same shapes, signs and sizes."""
    generator = torch.Generator().manual_seed(0)
    other = dict(namespace)
    for name in code.parameters:
        value = namespace.get(name)
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            near = torch.exp(SPREAD * torch.randn(value.shape, generator=generator)) * value.detach()
            off = OFF_ZERO * torch.randn(value.shape, generator=generator)
            other[name] = torch.where(value == 0, off, near).to(value.dtype)
    return other
