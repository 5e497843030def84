"""Autograd's VJP of single statements: what each consumer contributes to a gradient, for any upstream."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

import torch

from ninja_tui.engine.judge.uses import contributions_by_use
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.recording.devices import on_cpu
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.recording.precision import cast, precision, rebind
from ninja_tui.lesson.syntax.dependencies import multiplies_matrices
from ninja_tui.lesson.syntax.names import reads

Gradients = Mapping[str, torch.Tensor]


class Statements:
    """The statements of a lesson on the values of one float64 tape."""

    def __init__(self, code: LessonCode, namespace: Namespace, values: Gradients, nodes: frozenset[str]) -> None:
        done: dict[int, object] = {}
        modules = {
            name: cast(value, torch.float64, done)
            for name, value in namespace.items()
            if isinstance(value, torch.nn.Module)
        }
        self._namespace: Namespace = {**namespace, **modules, **values}
        rebind(self._namespace)
        self._values = values
        self._nodes = nodes
        self._named = {code.gradient(node): node for node in nodes}
        self._code = code
        self._trees = [ast.parse(statement.code) for statement in code.statements]
        self._compiled = [compile(tree, code.where, "exec") for tree in self._trees]
        self._binds = [flow.binds for flow in code.graph]
        self._after = [_followers(code, index, values) for index in range(len(code.graph))]
        leading = [
            bool(after) or not {*nodes, code.loss}.isdisjoint(names)
            for names, after in zip(self._binds, self._after, strict=True)
        ]
        self._reads = [
            tuple(name for name in flow.reads if leads and name in nodes)
            for flow, leads in zip(code.graph, leading, strict=True)
        ]

        self._consumers: dict[str, list[int]] = {}
        for index, names in enumerate(self._reads):
            for name in names:
                self._consumers.setdefault(name, []).append(index)

    def consumers(self, node: str) -> list[int]:
        """The statements that read ``node`` on the way to the loss."""
        return list(self._consumers.get(node, ()))

    def reads(self, index: int) -> tuple[str, ...]:
        """The nodes that a statement reads."""
        return self._reads[index]

    def binds(self, index: int) -> tuple[str, ...]:
        """The names that a statement binds; of what is no tensor those that the statements behind it bind."""
        after = self._after[index]
        return tuple(name for each in (index, *after) for name in self._binds[each]) if after else self._binds[index]

    def multiplies_matrices(self, index: int) -> bool:
        """Whether a statement holds a matrix product."""
        return multiplies_matrices(self._trees[index])

    def operands(self, index: int) -> dict[str, torch.Tensor]:
        """The tensors that a statement reads and binds."""
        names = (*reads(self._trees[index]), *self.binds(index))
        return {name: self._values[name] for name in names if name in self._values}

    def shapes(self, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """The shapes of those ``names`` that are tensors of the lesson, or gradients of its nodes."""
        shapes: dict[str, tuple[int, ...]] = {}
        for name in sorted(names):
            of = self._named.get(name, name)
            if of in self._values:
                shapes[name] = tuple(self._values[of].shape)
        return shapes

    @property
    def count(self) -> int | None:
        """The lesson's ``n``, if it has one."""
        n = self._namespace.get("n")
        return n if isinstance(n, int) else None

    def contributions(self, node: str, upstream: Gradients) -> dict[int, torch.Tensor]:
        """For each statement that reads ``node`` its part of the gradient, for these upstream gradients."""
        parts = {index: self._part(index, node, self._values[node], upstream) for index in self.consumers(node)}
        return {index: part for index, part in parts.items() if part is not None}

    def uses(self, index: int, node: str, upstream: Gradients) -> list[tuple[str, torch.Tensor]]:
        """What each place in which a statement uses ``node`` contributes, with the operation there (``var``)."""
        leaf = self._values[node].detach().clone().requires_grad_()
        with precision("float64"), on_cpu(self._code):
            weighed = self._weighed(index, node, leaf, upstream)
            return [] if weighed is None else contributions_by_use(weighed, leaf)

    def with_value(self, index: int, node: str, values: Gradients, upstream: Gradients) -> torch.Tensor | None:
        """A statement's contribution to ``node`` where other tensors had these ``values``; None where it cannot run."""
        try:
            return self._part(index, node, self._values[node], upstream, values)
        except (RuntimeError, IndexError, ValueError, TypeError):
            return None

    def unreduced(self, node: str, upstream: Gradients) -> torch.Tensor | None:
        """The gradient before the sum over axes along which ``node`` was broadcast; None where nothing was."""
        consumers = self.consumers(node)
        value = self._values[node]
        if len(consumers) != 1:
            return None
        outputs = [self._values[name] for name in self.binds(consumers[0]) if name in self._values]
        if not outputs or outputs[0].shape == value.shape:
            return None
        try:
            return self._part(consumers[0], node, value.expand(outputs[0].shape).clone(), upstream)
        except (RuntimeError, IndexError, ValueError, TypeError):
            return None

    def _part(
        self, index: int, node: str, value: torch.Tensor, upstream: Gradients, instead: Gradients | None = None
    ) -> torch.Tensor | None:
        leaf = value.detach().clone().requires_grad_()
        with precision("float64"), on_cpu(self._code):
            weighed = self._weighed(index, node, leaf, upstream, instead)
            if weighed is None:
                return None
            gradient: torch.Tensor | None = torch.autograd.grad(weighed, leaf, allow_unused=True)[0]
        return gradient

    def _weighed(
        self, index: int, node: str, leaf: torch.Tensor, upstream: Gradients, instead: Gradients | None = None
    ) -> torch.Tensor | None:
        """One number whose gradient is the contribution: grad_outputs would import half a second of symbolic shapes."""
        namespace = {**self._namespace, **(instead or {}), node: leaf}
        with torch.enable_grad():
            exec(self._compiled[index], namespace)
            if self._after[index]:
                namespace[node] = self._values[node]
            for follower in self._after[index]:
                exec(self._compiled[follower], namespace)
            pairs = [(namespace[name], upstream[name]) for name in self.binds(index) if name in upstream]
            pairs = [(output, weight) for output, weight in pairs if output.requires_grad]
            if not pairs:
                return None
            return torch.stack([(output * weight.reshape(output.shape)).sum() for output, weight in pairs]).sum()


def _followers(code: LessonCode, index: int, values: Gradients) -> tuple[int, ...]:
    """The statements that read what statement ``index`` binds and is no tensor, like ``x.max(1)``: its other half."""
    carried = {name for name in code.graph[index].binds if name not in values}
    followers: list[int] = []
    for later in range(index + 1, len(code.graph)):
        flow = code.graph[later]
        if carried.intersection(flow.reads):
            followers.append(later)
            carried |= {name for name in flow.binds if name not in values}
    return tuple(followers)
