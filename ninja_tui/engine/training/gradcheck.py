"""A person's gradients against autograd's, on fresh minibatches of the network that is to be trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from ninja_tui.engine.recording.execution import Namespace, message_of
from ninja_tui.engine.training.codegen.step_source import Part, Recipe
from ninja_tui.engine.training.stepping import Difference, Stepwise, difference


def check(recipe: Recipe, namespace: Namespace, nodes: Sequence[str], minibatches: int) -> list[dict[str, Any]]:
    """For each of ``nodes`` how its gradient compares, the worst of all minibatches.

    Each is judged with autograd's gradients as its upstream, so that one error stays one error, and again in the
    chain (``chained``: whether it is right there too). ``recipe`` has the person's answers as they are; the
    parameters need gradients.
    An answer that raises has an ``error``; a node without an answer is ``missing``.
    """
    recorded = Stepwise(replace(recipe, answers=(), replaced=tuple(recipe.parameters)))
    found: dict[str, dict[str, Any]] = {}
    for _ in range(minibatches):
        forward = recorded.step(namespace, 0.0, lambda *_: None, (Part.MINIBATCH, Part.FORWARD))
        present = [name for name in nodes if getattr(forward.get(name), "requires_grad", False)]
        gradients = torch.autograd.grad(forward[recipe.loss].sum(), [forward[name] for name in present])
        theirs = {f"d{name}": each for name, each in zip(present, gradients, strict=True)}
        forward = {
            name: value.detach() if isinstance(value, torch.Tensor) else value for name, value in forward.items()
        }
        forward[f"d{recipe.loss}"] = torch.ones_like(forward[recipe.loss])
        local = _gradients(recipe, forward, theirs, substitute=True)
        chained = _gradients(recipe, forward, theirs, substitute=False)
        largest = max((float(each.abs().max()) for each in theirs.values() if each.numel()), default=0.0)
        for name in present:
            now = _told(name, local, chained, theirs[f"d{name}"], largest)
            if name not in found or _worse(now, found[name]):
                found[name] = now
    return [found[name] for name in nodes if name in found]


def _gradients(
    recipe: Recipe, forward: Namespace, theirs: dict[str, torch.Tensor], *, substitute: bool
) -> dict[str, tuple[Any, str, int]]:
    """By gradient: what the answers gave, what they raised, and the line; missing ones are left out."""
    run = dict(forward)
    last = {name: number for number, piece in enumerate(recipe.answers) for name in piece.binds() if name in theirs}
    run |= {name: value.clone() for name, value in theirs.items() if name not in last}
    found: dict[str, tuple[Any, str, int]] = {}
    for number, piece in enumerate(recipe.answers):
        error = ""
        try:
            with torch.no_grad():
                exec(compile(piece.tree(), "<answers>", "exec"), run)
        except BaseException as raised:
            error = message_of(raised)
        for name in sorted(piece.binds() & theirs.keys()):
            if error and name not in found:
                found[name] = (None, error, piece.line)
            if last[name] == number:
                value = run.get(name)
                if name not in found:
                    found[name] = (value.clone() if isinstance(value, torch.Tensor) else value, "", piece.line)
                if substitute or found[name][1]:
                    run[name] = theirs[name].clone()
    if not substitute:
        found = {name: (run.get(name) if not error else None, error, line) for name, (_, error, line) in found.items()}
    return found


def _told(
    node: str,
    local: dict[str, tuple[Any, str, int]],
    chained: dict[str, tuple[Any, str, int]],
    theirs: torch.Tensor,
    largest: float,
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "node": node, "ok": False, "missing": False, "shape": None, "expected_shape": list(theirs.shape),
        "maxdiff": None, "relative": None, "chained": None, "error": None, "line": 0,
    }  # fmt: skip
    if f"d{node}" not in local:
        return {**told, "missing": True}
    value, error, line = local[f"d{node}"]
    told["line"] = line
    seen = error or difference(value, theirs, largest)
    if not isinstance(seen, Difference):
        return {**told, "error": seen}
    whole = difference(chained[f"d{node}"][0], theirs, largest)
    told["chained"] = isinstance(whole, Difference) and whole.ok
    return {**told, "ok": seen.ok, "shape": list(seen.shape), "maxdiff": seen.maxdiff, "relative": seen.relative}


def _worse(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["ok"] != other["ok"]:
        return bool(other["ok"])
    return bool((one["maxdiff"] or 0.0) > (other["maxdiff"] or 0.0))
