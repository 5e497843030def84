"""What is true of an answer: the lesson's statements and autograd, and no part of the engine."""

from __future__ import annotations

import ast
import functools
import math
from typing import Any

import torch

from ninja_tui.lesson.read import read_lesson
from tests.engine.corpus.nodes import READERS, SHAPES

Namespace = dict[str, Any]
VACUOUS = ("b1", "logit_maxes")
"""A shift of hprebn, or of the logits, changes no loss."""


@functools.cache
def drawn() -> Namespace:
    """The lesson's names after its set-up and the first minibatch."""
    lesson = read_lesson("names")
    namespace: Namespace = {"__name__": "lesson"}
    exec(lesson.setup.source, namespace)
    exec(lesson.minibatch.source, namespace)
    return namespace


class Universe:
    """One forward pass in float64, and the gradients that stand upstream there."""

    def __init__(self, *, elsewhere: bool = False) -> None:
        lesson = read_lesson("names")
        self.names: Namespace = dict(drawn())
        generator = torch.Generator().manual_seed(5)
        if elsewhere:
            rows = torch.randint(0, self.names["Xtr"].shape[0], (32,), generator=generator)
            self.names |= {"Xb": self.names["Xtr"][rows], "Yb": self.names["Ytr"][rows]}
        for name in lesson.parameters:
            value = self.names[name].detach().double()
            shaken = 0.2 * torch.randn(value.shape, generator=generator, dtype=torch.float64) if elsewhere else 0.0
            self.names[name] = (value + shaken).requires_grad_()
        self.statements = [(each.code, each.binds[0], each.reads) for each in lesson.statements]
        for code, bound, _ in self.statements:
            exec(code, self.names)
            self.names[bound].retain_grad()
        self.names["loss"].backward()
        self.true = {node: self.names[node].grad.clone() for node in SHAPES}
        self.names = {
            name: value.detach() if isinstance(value, torch.Tensor) else value for name, value in self.names.items()
        }

    def expected(self, node: str, upstream: dict[str, torch.Tensor]) -> torch.Tensor:
        """The sum of what autograd gives for each statement that reads ``node``."""
        total = torch.zeros_like(self.names[node])
        for code, bound, read in self.statements:
            if node in read:
                leaf = self.names[node].clone().requires_grad_()
                namespace = {**self.names, node: leaf}
                exec(code, namespace)
                above = upstream[bound] if bound in upstream else torch.ones((), dtype=torch.float64)
                total += torch.autograd.grad(namespace[bound], leaf, above)[0]
        return total

    def given(self, code: str, node: str, upstream: dict[str, torch.Tensor]) -> torch.Tensor | None:
        """What ``code`` gives for ``node``; None where it raises or gives no tensor."""
        double = code.replace(".float()", ".double()").replace("torch.float32", "torch.float64")
        gradients = {f"d{name}": gradient.clone() for name, gradient in upstream.items() if name != node}
        read = {name.id for name in ast.walk(ast.parse(code)) if isinstance(name, ast.Name)}
        tensors = {name for name in read & self.names.keys() if isinstance(self.names[name], torch.Tensor)}
        namespace = {**self.names, **{name: self.names[name].clone() for name in tensors}, **gradients}
        torch.set_default_dtype(torch.float64)
        try:
            with torch.no_grad():
                exec(double, namespace)
        except (RuntimeError, IndexError, TypeError):
            return None
        finally:
            torch.set_default_dtype(torch.float32)
        result = namespace[f"d{node}"]
        return result if isinstance(result, torch.Tensor) else None

    def consistent(self, node: str, read: frozenset[str]) -> dict[str, torch.Tensor]:
        """Autograd's gradients of the loss plus random numbers times those ``read`` that need ``node``."""
        names: Namespace = dict(self.names)
        leaves = [name for name in SHAPES if not any(name == bound for _, bound, _ in self.statements)]
        for name in leaves:
            names[name] = names[name].clone().requires_grad_()
        for code, _, _ in self.statements:
            exec(code, names)
        total = names["loss"]
        for name in read:
            (needs,) = torch.autograd.grad(names[name].sum(), names[node], retain_graph=True, allow_unused=True)
            if needs is not None and name != node:
                total = total + (random_gradients()[name] * names[name]).sum()
        gradients = torch.autograd.grad(total, [names[name] for name in SHAPES], allow_unused=True)
        return {
            name: torch.zeros_like(names[name]) if gradient is None else gradient
            for name, gradient in zip(SHAPES, gradients, strict=True)
        }


@functools.cache
def universe(*, elsewhere: bool) -> Universe:
    return Universe(elsewhere=elsewhere)


@functools.cache
def random_gradients() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return {node: torch.randn(shape, generator=generator, dtype=torch.float64) for node, shape in SHAPES.items()}


def agrees(node: str, code: str, *, elsewhere: bool = False, random: tuple[str, ...] = ()) -> bool:
    """Whether ``code`` gives autograd's gradient, with random gradients of the nodes ``random`` upstream."""
    world = universe(elsewhere=elsewhere)
    upstream = world.true | {name: random_gradients()[name] for name in random}
    given, wanted = world.given(code, node, upstream), world.expected(node, upstream)
    if given is None:
        return False
    try:
        gap = (given - wanted).abs().max().item()
    except RuntimeError:
        return False
    return math.isfinite(gap) and gap <= 1e-9 * wanted.abs().max().item()


def holds_in_any_pass(node: str, code: str) -> bool:
    """Whether ``code`` is right whenever the gradients that it reads belong to one backward pass."""
    names = {name.id for name in ast.walk(ast.parse(code)) if isinstance(name, ast.Name)}
    read = frozenset(name for name in SHAPES if f"d{name}" in names and name != node)
    if not read:
        return agrees(node, code, random=tuple(SHAPES))
    world = universe(elsewhere=True)
    gradients = world.consistent(node, read)
    given = world.given(code, node, gradients)
    if given is None or given.numel() > gradients[node].numel():
        return False
    gap = (given - gradients[node]).abs().max().item()
    return math.isfinite(gap) and gap <= 1e-9 * gradients[node].abs().max().item()


def is_right(node: str, code: str) -> bool:
    """Right for the true gradients upstream, here and elsewhere; or, where those are 0, for random ones.

    A formula that reads an upstream gradient which is 0 must hold for another one in its place too.
    """
    everything = tuple(SHAPES)
    if node in VACUOUS:
        return agrees(node, code, random=everything)
    if not (agrees(node, code) and agrees(node, code, elsewhere=True)):
        return False
    read = {name.id for name in ast.walk(ast.parse(code)) if isinstance(name, ast.Name)}
    reads_upstream = any(f"d{reader}" in read for reader in READERS[node])
    return not reads_upstream or all(agrees(node, code, elsewhere=far, random=VACUOUS) for far in (False, True))
