"""``assert_gradients`` on modules: which gradients are asked for, and what stays as it was."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from tests.testing.asserted import failure, passes

T = torch.Tensor


def test_of_a_module_the_gradients_of_its_parameters_are_asked_for() -> None:
    layer = torch.nn.Linear(4, 3)
    x = torch.randn(5, 4)
    passes(layer, x, backward=lambda u, x: (u.T @ x, u.sum(0)))
    passes(layer, x.requires_grad_(), backward=lambda u, x: (u @ layer.weight, u.T @ x, u.sum(0)))
    passes(layer, x, backward=lambda u, x: {"bias": u.sum(0), "weight": u.T @ x, "input": u @ layer.weight})
    told = failure(layer, x.detach(), backward=lambda u, x: {"weight": u.T @ x})
    assert "✗ bias (3,)  error" in told
    assert "no gradient is returned for it" in told
    told = failure(layer, x, backward=lambda u, x: {"wieght": u.T @ x})
    assert "'wieght', which is no input; did you mean `weight`?" in told


def test_of_a_module_no_gradient_is_left_out() -> None:
    layer = torch.nn.Linear(3, 3)
    told = failure(layer, torch.randn(5, 3, requires_grad=True), backward=lambda u, x: u @ layer.weight)
    assert "returns 1 gradient, and there are 3 to judge: input, weight, bias" in told


def test_the_grad_of_a_parameter_stays_as_it_is() -> None:
    layer = torch.nn.Linear(3, 2, bias=False)

    def backward(upstream: T, x: T) -> T:
        if layer.weight.grad is None:
            layer.weight.grad = torch.zeros_like(layer.weight)
        layer.weight.grad += upstream.T @ x
        return upstream.T @ x

    passes(layer, torch.randn(5, 3), backward=backward)
    assert layer.weight.grad is None
    before = layer.weight.grad = torch.ones(2, 3)
    passes(layer, torch.randn(5, 3), backward=backward)
    assert layer.weight.grad is before
    assert torch.equal(before, torch.ones(2, 3))


def test_a_frozen_parameter_is_not_asked_for() -> None:
    layer = torch.nn.Linear(4, 3)
    layer.bias.requires_grad_(False)
    passes(layer, torch.randn(5, 4), backward=lambda u, x: u.T @ x)


def test_a_module_and_tensors_stay_as_they_are() -> None:
    layer = torch.nn.BatchNorm1d(3)
    before = {name: each.clone() for name, each in layer.state_dict().items()}
    x = torch.randn(6, 3, requires_grad=True)
    kept = x.detach().clone()

    def backward(upstream: T, x: T) -> Mapping[str, T]:
        centered = x - x.mean(0)
        inverse = (centered.square().mean(0) + layer.eps) ** -0.5
        raw, draw = centered * inverse, upstream * layer.weight
        dx = inverse * (draw - draw.mean(0) - raw * (draw * raw).mean(0))
        return {"input": dx, "weight": (upstream * raw).sum(0), "bias": upstream.sum(0)}

    passes(layer, x, backward=backward)
    assert all(torch.equal(each, before[name]) for name, each in layer.state_dict().items())
    assert torch.equal(x, kept)
    assert x.grad is None
