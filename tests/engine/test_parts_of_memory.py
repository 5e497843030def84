"""Memory that is written part by part on the way forward: each part's gradient is autograd's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from ninja_tui.engine.judge.network import Network, Output
from ninja_tui.engine.recording.recorder import Recorder
from ninja_tui.engine.recording.replay import Paths

T = torch.Tensor


def rows(x: T) -> T:
    out = torch.empty(2, 3)
    out[0] = x * 2
    out[1] = x.sin()
    return out


def columns(x: T) -> T:
    out = torch.zeros(3, 2).T.contiguous().T
    out[:, 1] = x * 2
    out[:, 0] = x.sin()
    return out


def over_again(x: T) -> T:
    out = torch.zeros(5)
    out[1:4] = x * 2
    out[2:] = x.exp()
    return out


def of_itself(x: T) -> T:
    out = torch.zeros(5)
    out[1:4] = x * 2
    out[0] = out[3]
    out[4] = out[1] + out[2]
    return out


def added(x: T) -> T:
    out = x.sin()
    out[:2] += x[1:]
    out[1:].mul_(x[:2])
    return out


def circular(x: T) -> T:
    return F.pad(x[None, None], (1, 2), mode="circular")


@pytest.mark.parametrize("function", [rows, columns, over_again, of_itself, added, circular])
@pytest.mark.parametrize("paths", Paths)
def test_the_gradient_of_what_was_written_in_parts_is_autograds(function: Callable[[T], T], paths: Paths) -> None:
    x = torch.tensor([0.5, -1.5, 2.0], requires_grad=True)
    weight = torch.arange(1.0, 41.0)
    recorder = Recorder()
    with recorder.running():
        out = function(x)
        loss = (out * weight[: out.numel()].reshape(out.shape)).sum()
    network = Network(recorder.record, [Output(recorder.number(loss))], paths)
    (expected,) = torch.autograd.grad(loss, x)
    assert torch.allclose(network.home().gradient(recorder.number(x)).float(), expected, rtol=1e-5)
