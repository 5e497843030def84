"""What of a file trains a network: losses, backward passes, and updates of parameters."""

from __future__ import annotations

import ast

from ninja_tui.lesson.syntax.names import root_name, target_names
from ninja_tui.lesson.syntax.walk import everything, running

LOSSES = frozenset({"loss", "cost", "nll", "mse", "total_loss", "L", "lossi", "error", "objective"})
"""What people call a loss."""


def is_training_loop(tree: ast.stmt) -> bool:
    """Whether a loop goes backward, or computes a loss and updates something."""
    if not isinstance(tree, ast.For | ast.While):
        return False
    if calls_backward(tree):
        return True
    nodes = list(running(tree))
    return any(map(_binds_loss, nodes)) and any(map(_updates, nodes))


def computes_loss(tree: ast.stmt) -> bool:
    """Whether a statement computes a loss, or goes backward from one."""
    return calls_backward(tree) or any(map(_binds_loss, running(tree)))


def calls_backward(tree: ast.AST) -> bool:
    """Whether ``.backward()`` of a tensor is called when ``tree`` runs, or the function that it defines."""
    parts = tree.body if isinstance(tree, ast.FunctionDef) else [tree]
    return any(_is_backward(node) for part in parts for node in running(part))


def asks_autograd(tree: ast.stmt) -> bool:
    """Whether anything in a statement asks autograd for gradients."""
    return any(_is_backward(node) or _is_autograd_grad(node) for node in everything(tree))


def differentiated(tree: ast.stmt) -> ast.expr | None:
    """The expression of which a statement asks the gradients: ``loss`` of ``loss.backward()``."""
    for node in everything(tree):
        if _is_backward(node) and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return node.func.value
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="autograd"), attr="grad"), args=[first, *_]):
                return first
    return None


def updated(tree: ast.AST) -> str | None:
    """The tensor that a statement adds to, or takes from, as a step of training does."""
    match tree:
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub()):
            return root_name(target)
        case ast.Assign(targets=[ast.Attribute(attr="data") as target]):
            return root_name(target)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(left=left, op=ast.Sub(), right=ast.BinOp())):
            return name if name == root_name(left) else None
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="sub_" | "add_"))):
            return root_name(owner)
    return None


def updates_its_variable(loop: ast.For) -> bool:
    """Whether a loop updates what it runs over: ``for p in parameters: p -= …``."""
    variables = set(target_names(loop.target))
    return any(updated(node) in variables for part in loop.body for node in everything(part))


def _is_backward(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="backward"), args=args):
            return len(args) <= 1
    return False


def _is_autograd_grad(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="autograd") | ast.Name(id="autograd"), attr="grad")):
            return True
    return False


def _binds_loss(node: ast.AST) -> bool:
    match node:
        case ast.Assign(targets=targets):
            return any(name in LOSSES for target in targets for name in target_names(target))
    return False


def _updates(node: ast.AST) -> bool:
    """Whether something is updated that is no sum of losses."""
    if updated(node) in LOSSES:
        return False
    match node:
        case ast.AugAssign(target=target) if root_name(target) in LOSSES:
            return False
        case ast.AugAssign(target=target, op=op, value=value):
            downhill = isinstance(op, ast.Sub) or (isinstance(value, ast.BinOp) and isinstance(value.left, ast.UnaryOp))
            return downhill or (isinstance(target, ast.Attribute) and target.attr == "data")
        case ast.Call(func=ast.Attribute(attr="step" | "sub_" | "add_")):
            return True
    return isinstance(node, ast.Assign) and updated(node) not in (None, *LOSSES)
