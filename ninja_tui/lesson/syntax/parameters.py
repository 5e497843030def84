"""Which tensors a statement makes parameters: by ``requires_grad``, or by what it initialises them with."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ninja_tui.lesson.syntax.effects import elements_of
from ninja_tui.lesson.syntax.names import reads, root_name, target_names
from ninja_tui.lesson.syntax.walk import everything


@dataclass(frozen=True)
class RequiresGrad:
    """The tensors for which a statement sets ``requires_grad``: by ``names``, or as elements of ``lists``."""

    names: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


def requires_grad(tree: ast.stmt) -> RequiresGrad:
    """The tensors that need gradients from the statement ``tree`` on."""
    match tree:
        case ast.Assign(targets=targets, value=value) if _sets_requires_grad(value) and not isinstance(
            value, ast.ListComp | ast.GeneratorExp
        ):
            return RequiresGrad(tuple(name for target in targets for name in target_names(target)))
        case ast.Assign(targets=[ast.Attribute(value=owner, attr="requires_grad")]):
            return RequiresGrad(_name_of(owner))
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="requires_grad_"))):
            return RequiresGrad(_name_of(owner))
    for node in everything(tree):
        match node:
            case ast.For(target=target, iter=iterated):
                pass
            case ast.ListComp(generators=[first, *_]) | ast.GeneratorExp(generators=[first, *_]):
                target, iterated = first.target, first.iter
            case _:
                continue
        if _requires_grad_of(node, set(target_names(target))):
            names = listed_names(iterated)
            return RequiresGrad(names) if names else RequiresGrad(lists=reads(iterated))
    return RequiresGrad()


def _requires_grad_of(loop: ast.AST, variables: set[str]) -> bool:
    """Whether a loop sets ``requires_grad`` of its variables, whatever they are."""
    nodes = list(everything(loop))
    if any(isinstance(node, ast.If) for node in nodes):
        return False
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("requires_grad", "requires_grad_")
        and root_name(node.value) in variables
        for node in nodes
    )


def listed_names(value: ast.expr) -> tuple[str, ...]:
    """The names in a literal list, in its order."""
    elements = elements_of(value)
    return tuple(name for name in reads(value) if name in elements)


def initialises_floats(value: ast.expr) -> bool:
    """Whether an expression makes a tensor of numbers that a network may learn."""
    for node in everything(value):
        match node:
            case ast.Attribute(attr="randn" | "rand" | "normal" | "kaiming_normal_" | "xavier_uniform_"):
                return True
            case ast.Call(func=ast.Attribute(attr="tensor" | "Tensor")):
                return any(
                    isinstance(part, ast.Constant) and isinstance(part.value, float) for part in everything(node)
                )
    return False


def _sets_requires_grad(value: ast.expr) -> bool:
    for node in everything(value):
        match node:
            case ast.keyword(arg="requires_grad", value=ast.Constant(value=True)):
                return True
            case ast.Attribute(attr="requires_grad_" | "Parameter"):
                return True
            case ast.Call(func=ast.Name(id="Parameter")):
                return True
    return False


def _name_of(owner: ast.expr) -> tuple[str, ...]:
    return (owner.id,) if isinstance(owner, ast.Name) else ()
