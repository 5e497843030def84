"""Functions with a right backward pass by hand, and with wrong ones, each with the kind of mistake by input."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F

from ninja_tui.engine.protocol.verdict import Kind

T = torch.Tensor
Backward = Callable[..., Any]


@dataclass(frozen=True)
class Wrong:
    """A backward pass that is wrong in the gradients of these inputs, and in no other."""

    backward: Backward
    kinds: Mapping[str, Kind]


@dataclass(frozen=True)
class Case:
    """A function, inputs for it, and backward passes."""

    function: Callable[..., Any]
    inputs: Callable[[], tuple[Any, ...]]
    right: Backward
    wrong: Mapping[str, Wrong] = field(default_factory=dict)
    smooth: bool = True
    """Whether ``gradcheck`` can be asked, whose differences cross no kink here."""


def randn(*shape: int) -> T:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def rand(*shape: int) -> T:
    return 0.1 + 0.8 * torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)))


# linear
def linear(x: T, w: T, b: T) -> T:
    return x @ w + b


# softmax
def softmax(x: T) -> T:
    return x.softmax(-1)


def softmax_backward(upstream: T, x: T) -> T:
    p = x.softmax(-1)
    return p * (upstream - (upstream * p).sum(-1, keepdim=True))


# layer norm
EPS = 1e-5


def layer_norm(x: T, gain: T, bias: T) -> T:
    return F.layer_norm(x, x.shape[-1:], gain, bias, EPS)


def normalized(x: T, axis: int) -> tuple[T, T]:
    centered = x - x.mean(axis, keepdim=True)
    inverse = (centered.square().mean(axis, keepdim=True) + EPS) ** -0.5
    return centered * inverse, inverse


def layer_norm_backward(upstream: T, x: T, gain: T, bias: T) -> tuple[T, T, T]:
    raw, inverse = normalized(x, -1)
    draw = upstream * gain
    dx = inverse * (draw - draw.mean(-1, keepdim=True) - raw * (draw * raw).mean(-1, keepdim=True))
    return dx, (upstream * raw).sum(0), upstream.sum(0)


def layer_norm_without_mean(upstream: T, x: T, gain: T, bias: T) -> tuple[T, T, T]:
    raw, inverse = normalized(x, -1)
    draw = upstream * gain
    return inverse * (draw - raw * (draw * raw).mean(-1, keepdim=True)), (upstream * raw).sum(0), upstream.sum(0)


# batch norm
def batch_norm(x: T, gain: T) -> T:
    raw, _ = normalized(x, 0)
    return gain * raw


def batch_norm_backward(upstream: T, x: T, gain: T) -> tuple[T, T]:
    raw, inverse = normalized(x, 0)
    draw = upstream * gain
    return inverse * (draw - draw.mean(0) - raw * (draw * raw).mean(0)), (upstream * raw).sum(0)


# attention
def attention(q: T, k: T, v: T) -> T:
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v


def attention_backward(upstream: T, q: T, k: T, v: T) -> tuple[T, T, T]:
    scale = 1 / math.sqrt(q.shape[-1])
    weights = (q @ k.mT * scale).softmax(-1)
    dweights = upstream @ v.mT
    dscores = weights * (dweights - (dweights * weights).sum(-1, keepdim=True))
    return dscores @ k * scale, dscores.mT @ q * scale, weights.mT @ upstream


def attention_without_scale(upstream: T, q: T, k: T, v: T) -> tuple[T, T, T]:
    dq, dk, dv = attention_backward(upstream, q, k, v)
    return dq * math.sqrt(q.shape[-1]), dk, dv


# hinge
def hinge(scores: T, y: T) -> T:
    margins = scores - scores.gather(1, y[:, None]) + 1
    return margins.clamp(min=0).sum(1)


def hinge_backward(upstream: T, scores: T, y: T) -> T:
    margins = scores - scores.gather(1, y[:, None]) + 1
    over = (margins > 0).to(scores.dtype)
    return upstream[:, None] * (over - F.one_hot(y, scores.shape[1]) * over.sum(1, keepdim=True))


def hinge_without_the_right_one(upstream: T, scores: T, y: T) -> T:
    margins = scores - scores.gather(1, y[:, None]) + 1
    return upstream[:, None] * (margins > 0)


def hinge_ignoring_the_margin(upstream: T, scores: T, y: T) -> T:
    return upstream[:, None] * (1 - scores.shape[1] * F.one_hot(y, scores.shape[1]))


# max pool
def max_pool(x: T) -> T:
    return F.max_pool1d(x, 2)


def max_pool_backward(upstream: T, x: T) -> T:
    places = F.max_pool1d(x, 2, return_indices=True)[1]
    return torch.zeros_like(x).scatter(2, places, upstream)


# embedding
def embedding(table: T, index: T) -> T:
    return table[index]


def embedding_backward(upstream: T, table: T, index: T) -> T:
    return torch.zeros_like(table).index_add(0, index, upstream)


# convolution
def conv1d(x: T, kernel: T) -> T:
    return torch.einsum("nclk,ock->nol", x.unfold(2, kernel.shape[2], 1), kernel)


def conv1d_backward(upstream: T, x: T, kernel: T) -> tuple[T, T]:
    size = kernel.shape[2]
    dkernel = torch.einsum("nol,nclk->ock", upstream, x.unfold(2, size, 1))
    dx = torch.zeros_like(x)
    for k in range(size):
        dx[:, :, k : k + upstream.shape[2]] += torch.einsum("nol,oc->ncl", upstream, kernel[:, :, k])
    return dx, dkernel


def conv1d_flipped(upstream: T, x: T, kernel: T) -> tuple[T, T]:
    return conv1d_backward(upstream, x, kernel.flip(2))[0], conv1d_backward(upstream, x, kernel)[1]


# cross-entropy
def cross_entropy(logits: T, y: T) -> T:
    return F.cross_entropy(logits, y)


def cross_entropy_backward(upstream: T, logits: T, y: T) -> T:
    return upstream * (logits.softmax(1) - F.one_hot(y, logits.shape[1])) / len(y)


# an RNN in three steps
def rnn(x: T, w: T) -> T:
    h = torch.zeros_like(x[0])
    for each in x:
        h = torch.tanh(each + h @ w)
    return h


def rnn_backward(upstream: T, x: T, w: T) -> tuple[T, T]:
    states = [torch.zeros_like(x[0])]
    for each in x:
        states.append(torch.tanh(each + states[-1] @ w))
    dx, dw, dh = torch.zeros_like(x), torch.zeros_like(w), upstream
    for t in reversed(range(len(x))):
        dx[t] = dh * (1 - states[t + 1] ** 2)
        dw += states[t].T @ dx[t]
        dh = dx[t] @ w.T
    return dx, dw


def rnn_cut_off(upstream: T, x: T, w: T) -> tuple[T, T]:
    """Only the last step gets a gradient."""
    dx, dw = rnn_backward(upstream, x, w)
    return torch.cat([torch.zeros_like(dx[:-1]), dx[-1:]]), dw


CASES: dict[str, Case] = {
    "linear": Case(
        linear,
        lambda: (randn(4, 5), randn(5, 3), randn(3)),
        lambda upstream, x, w, b: (upstream @ w.T, x.T @ upstream, upstream.sum(0)),
        {
            "sign": Wrong(lambda u, x, w, b: (u @ w.T, -x.T @ u, u.sum(0)), {"w": Kind.SIGN}),
            "factor": Wrong(lambda u, x, w, b: (u @ w.T, x.T @ u / len(x), u.sum(0)), {"w": Kind.SCALE}),
            "not summed": Wrong(lambda u, x, w, b: (u @ w.T, x.T @ u, u), {"b": Kind.NOT_SUMMED}),
            "summed too far": Wrong(
                lambda u, x, w, b: (u @ w.T, x.T @ u, u.sum().expand(b.shape)), {"b": Kind.OVER_SUMMED}
            ),
            "no upstream": Wrong(lambda u, x, w, b: (u @ w.T, x.T @ u, torch.ones_like(b)), {"b": Kind.NO_UPSTREAM}),
            "None": Wrong(lambda u, x, w, b: (u @ w.T, None, u.sum(0)), {"w": Kind.MISSING_PATH}),
        },
    ),
    "square matrices": Case(
        lambda x, w: x @ w,
        lambda: (randn(4, 4), randn(4, 4) + 1),
        lambda u, x, w: (u @ w.T, x.T @ u),
        {
            "transposed": Wrong(lambda u, x, w: (u @ w, x.T @ u), {"x": Kind.TRANSPOSED}),
            "elementwise": Wrong(lambda u, x, w: (u * w, x.T @ u), {"x": Kind.ELEMENTWISE}),
            "swapped": Wrong(
                lambda u, x, w: (x.T @ u, u @ w.T), {"x": Kind.WRONG_DERIVATIVE, "w": Kind.WRONG_DERIVATIVE}
            ),
        },
    ),
    "product": Case(
        lambda a, b: a * b,
        lambda: (randn(3, 4), randn(3, 4) + 1),
        lambda u, a, b: (u * b, u * a),
        {"swapped": Wrong(lambda u, a, b: (u * a, u * b), {"a": Kind.WRONG_DERIVATIVE, "b": Kind.WRONG_DERIVATIVE})},
    ),
    "softmax": Case(
        softmax,
        lambda: (randn(4, 5),),
        softmax_backward,
        {
            "diagonal alone": Wrong(lambda u, x: x.softmax(-1) * (1 - x.softmax(-1)) * u, {"x": Kind.MISSING_PATH}),
            "sign": Wrong(lambda u, x: -softmax_backward(u, x), {"x": Kind.SIGN}),
        },
    ),
    "layer norm": Case(
        layer_norm,
        lambda: (randn(5, 6), randn(6), randn(6)),
        layer_norm_backward,
        {"a term is missing": Wrong(layer_norm_without_mean, {"x": Kind.WRONG_DERIVATIVE})},
    ),
    "batch norm": Case(
        batch_norm,
        lambda: (randn(6, 3), randn(3)),
        batch_norm_backward,
        {
            "gain not summed": Wrong(
                lambda u, x, gain: (batch_norm_backward(u, x, gain)[0], u * normalized(x, 0)[0]),
                {"gain": Kind.NOT_SUMMED},
            )
        },
    ),
    "attention": Case(
        attention,
        lambda: (randn(2, 3, 4), randn(2, 5, 4), randn(2, 5, 6)),
        attention_backward,
        {"without the scale": Wrong(attention_without_scale, {"q": Kind.SCALE})},
    ),
    "relu": Case(
        lambda x: x.relu(),
        lambda: (randn(4, 5),),
        lambda u, x: u * (x > 0),
        {
            "no mask": Wrong(lambda u, x: u, {"x": Kind.MASK}),
            "mask the other way": Wrong(lambda u, x: u * (x < 0), {"x": Kind.MASK}),
            "no upstream": Wrong(lambda u, x: (x > 0).to(x.dtype), {"x": Kind.NO_UPSTREAM}),
        },
        smooth=False,
    ),
    "relu of positive numbers": Case(
        lambda x: x.relu(),
        lambda: (rand(4, 5),),
        lambda u, x: u * (x > 0),
        {"no mask": Wrong(lambda u, x: u, {"x": Kind.MASK})},
        smooth=False,
    ),
    "clamp": Case(
        lambda x: x.clamp(-1, 2),
        lambda: (randn(4, 5) * 0.2,),
        lambda u, x: u * ((x >= -1) & (x <= 2)),
        {"one side alone": Wrong(lambda u, x: u * (x >= -1), {"x": Kind.MASK})},
        smooth=False,
    ),
    "abs": Case(
        lambda x: x.abs(),
        lambda: (rand(3),),
        lambda u, x: u * x.sign(),
        {"one side alone": Wrong(lambda u, x: u, {"x": Kind.SIGN})},
        smooth=False,
    ),
    "hinge": Case(
        hinge,
        lambda: (randn(6, 4), torch.tensor([0, 1, 2, 3, 3, 1])),
        hinge_backward,
        {
            "a term is missing": Wrong(hinge_without_the_right_one, {"scores": Kind.MISSING_PATH}),
            "the margin is not looked at": Wrong(hinge_ignoring_the_margin, {"scores": Kind.MASK}),
        },
        smooth=False,
    ),
    "max pool": Case(
        max_pool,
        lambda: (randn(2, 3, 8),),
        max_pool_backward,
        {"to both": Wrong(lambda u, x: u.repeat_interleave(2, 2), {"x": Kind.MASK})},
        smooth=False,
    ),
    "embedding": Case(
        embedding,
        lambda: (randn(5, 3), torch.tensor([0, 2, 2, 4])),
        embedding_backward,
        {
            "duplicates are lost": Wrong(
                lambda u, table, index: torch.zeros_like(table).index_put((index,), u), {"table": Kind.LOST_DUPLICATES}
            )
        },
    ),
    "log-sum-exp": Case(
        lambda x: x.logsumexp(1),
        lambda: (randn(4, 5),),
        lambda u, x: u[:, None] * x.softmax(1),
        {"another axis": Wrong(lambda u, x: u[:, None] * x.softmax(0), {"x": Kind.WRONG_DERIVATIVE})},
    ),
    "conv1d": Case(
        conv1d,
        lambda: (randn(2, 3, 7), randn(4, 3, 3)),
        conv1d_backward,
        {"the kernel is flipped": Wrong(conv1d_flipped, {"x": Kind.WRONG_DERIVATIVE})},
    ),
    "cross-entropy": Case(
        cross_entropy,
        lambda: (randn(6, 4), torch.tensor([0, 1, 2, 3, 3, 1])),
        cross_entropy_backward,
        {
            "the mean is forgotten": Wrong(
                lambda u, logits, y: 6 * cross_entropy_backward(u, logits, y), {"logits": Kind.SCALE}
            ),
            "no upstream": Wrong(
                lambda u, logits, y: (logits.softmax(1) - F.one_hot(y, 4)) / 6, {"logits": Kind.NO_UPSTREAM}
            ),
        },
    ),
    "variance": Case(
        lambda x: x.var(0),
        lambda: (randn(6, 2),),
        lambda u, x: u * 2 * (x - x.mean(0)) / 5,
        {"by n": Wrong(lambda u, x: u * 2 * (x - x.mean(0)) / 6, {"x": Kind.SCALE})},
    ),
    "binary cross-entropy of probabilities": Case(
        lambda p, y: -(y * p.log() + (1 - y) * (1 - p).log()).mean(),
        lambda: (rand(4, 3).requires_grad_(), (rand(4, 3) > 0.5).float()),
        lambda u, p, y: u * (p - y) / (p * (1 - p)) / p.numel(),
        {"no mean": Wrong(lambda u, p, y: u * (p - y) / (p * (1 - p)), {"p": Kind.SCALE})},
    ),
    "rnn": Case(
        rnn,
        lambda: (randn(3, 2, 4), randn(4, 4)),
        rnn_backward,
        {"not through time": Wrong(rnn_cut_off, {"x": Kind.MASK})},
    ),
    "several outputs": Case(
        lambda x, w: (x * w, x.sin()),
        lambda: (randn(3, 4), randn(4)),
        lambda u, x, w: (u[0] * w + u[1] * x.cos(), (u[0] * x).sum(0)),
        {
            "one is forgotten": Wrong(lambda u, x, w: (u[0] * w, (u[0] * x).sum(0)), {"x": Kind.MISSING_PATH}),
            "swapped": Wrong(
                lambda u, x, w: (u[1] * w + u[0] * x.cos(), (u[0] * x).sum(0)), {"x": Kind.WRONG_DERIVATIVE}
            ),
        },
    ),
    "one output of another": Case(
        lambda x, w: ((h := x * 2), h @ w),
        lambda: (randn(3, 4), randn(4, 2)),
        lambda u, x, w: (2 * (u[0] + u[1] @ w.T), (2 * x).T @ u[1]),
        {"one is forgotten": Wrong(lambda u, x, w: (2 * u[1] @ w.T, (2 * x).T @ u[1]), {"x": Kind.MISSING_PATH})},
    ),
}
