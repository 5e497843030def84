"""A nudge of one element moves the loss as autograd's gradient says."""

from __future__ import annotations

import math

import pytest
import torch

from ninja_tui.engine.judge.network import Network
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.views import Poke
from ninja_tui.engine.workers.forward import ForwardPass, forward_pass
from ninja_tui.engine.workers.poking import nudge, poked
from ninja_tui.lesson.read import read_lesson
from tests.app.support import SOME_NAMES


@pytest.fixture(scope="module")
def names() -> ForwardPass:
    """The lesson ``names``, run."""
    return forward_pass(LessonCode.of(read_lesson("names"), None, dict(SOME_NAMES.served)))


def poke(names: ForwardPass, name: str, index: tuple[int, ...], factor: float = 1.0) -> Poke:
    network: Network = names.graph.network
    return poked(network, names.numbers[name], index, network.single().gradient(names.numbers[name]) * factor)


@pytest.mark.parametrize("name", ["C", "W1", "emb", "hprebn", "bnvar", "h", "W2", "logits", "counts", "probs"])
def test_autograd_s_gradient_predicts_the_loss(names: ForwardPass, name: str) -> None:
    gradient = names.graph.network.single().gradient(names.numbers[name])
    index = tuple(torch.nonzero(gradient.abs() == gradient.abs().max())[0].tolist())
    result = poke(names, name, index)
    assert result.refusal is None
    assert result.predicted is not None
    assert 0 < result.step <= 0.001
    assert result.change != 0
    assert result.predicted == pytest.approx(result.change, rel=0.01)


def test_a_wrong_gradient_predicts_something_else(names: ForwardPass) -> None:
    right, wrong = poke(names, "counts", (3, 5)), poke(names, "counts", (3, 5), factor=-2.0)
    assert right.predicted is not None
    assert wrong.predicted == pytest.approx(-2 * right.predicted)
    assert wrong.change == right.change


def test_a_gradient_of_another_shape_predicts_nothing(names: ForwardPass) -> None:
    network = names.graph.network
    result = poked(network, names.numbers["counts"], (3, 5), torch.ones(27))
    assert result.predicted is None
    assert result.change != 0
    assert poked(network, names.numbers["counts"], (3, 5), None).predicted is None


@pytest.mark.parametrize(
    ("name", "index", "word"),
    [
        ("Xb", (0, 0), "it is int64: only floating-point numbers can be nudged"),
        ("counts", (32, 0), "it has no element [32, 0]"),
        ("counts", (3,), "it has no element [3]"),
    ],
)
def test_what_cannot_be_nudged_says_why(names: ForwardPass, name: str, index: tuple[int, ...], word: str) -> None:
    result = poked(names.graph.network, names.numbers[name], index, None)
    assert result.refusal == word


@pytest.mark.parametrize(("value", "step"), [(1.0, 1e-3), (250.0, 1e-3), (0.24, 1e-4), (-3e-7, 1e-10), (0.0, 1e-3)])
def test_a_nudge_is_a_power_of_ten_that_is_small_beside_the_element(value: float, step: float) -> None:
    tensor = torch.tensor([value, 4.0], dtype=torch.float64)
    assert nudge(tensor, (0,)) == pytest.approx(step)
    assert math.log10(nudge(tensor, (0,))) == pytest.approx(round(math.log10(step)))
