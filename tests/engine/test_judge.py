"""The judge in-process: tensors in, a verdict out, whatever an answer gives."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ninja_tui.engine.judge.judge import judge
from ninja_tui.engine.judge.targets import Targets, targets_of
from ninja_tui.lesson.syntax.dependencies import Traits

from ninja_tui.engine.protocol.judging import Evidence
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.verdict import Kind, Status, Verdict, Warning
from ninja_tui.engine.protocol.worlds import World
from ninja_tui.engine.workers.setup import draw_minibatch, set_up
from ninja_tui.lesson.read import read_lesson


def targets(name: str) -> Targets:
    code = LessonCode.of(read_lesson(name), None, {})
    first = set_up(code)
    draw_minibatch(code, first)
    second = dict(first)
    draw_minibatch(code, second)
    return targets_of(code, first, second)


LAYERNORM = targets("layernorm")
NODES = sorted(LAYERNORM.tapes[next(iter(LAYERNORM.tapes))].gradients)


def right(node: str, world: World) -> torch.Tensor:
    return LAYERNORM.target(world, node).expected


def depends_on(node: str, *names: str) -> Traits:
    upstream = map(LAYERNORM.gradient_name, LAYERNORM.upstream_nodes(node))
    return Traits(frozenset({*upstream, *names}), multiplies=True, multiplies_matrices=False, reads_grad=False)


def verdict_on(node: str, gradients: dict[World, torch.Tensor]) -> Verdict:
    return judge(LAYERNORM, Evidence(node, gradients, {}, depends_on(node)))


def test_what_autograd_gives_in_every_world_passes_exactly() -> None:
    for node in NODES:
        verdict = verdict_on(node, {world: right(node, world) for world in World})
        assert (verdict.status, verdict.exact, verdict.maxdiff) == (Status.PASS, True, 0.0), node
        assert all(path.present for path in verdict.paths)


def test_minus_what_autograd_gives_has_the_wrong_sign() -> None:
    for node in NODES:
        verdict = verdict_on(node, {world: -right(node, world) for world in World})
        assert verdict.status is Status.FAIL, node
        assert verdict.diagnosis is not None
        assert verdict.diagnosis.kind is Kind.SIGN, node


def test_a_gradient_that_is_right_for_this_minibatch_alone_fails() -> None:
    for node in NODES:
        local = {world: right(node, world) for world in (World.FLOAT32, World.LOCAL, World.CHAINED)}
        stale = {world: right(node, World.LOCAL) for world in (World.FRESH, World.RANDOM, World.VACUOUS)}
        assert verdict_on(node, local | stale).status is Status.FAIL, node


def test_a_gradient_of_another_shape_passes_with_a_warning_where_its_values_are_right() -> None:
    node = next(name for name in NODES if right(name, World.LOCAL).dim() == 1)
    verdict = verdict_on(node, {world: right(node, world).unsqueeze(0) for world in World})
    assert verdict.status is Status.PASS
    assert Warning.SHAPE in verdict.warnings


def test_an_answer_without_a_gradient_is_an_error() -> None:
    verdict = verdict_on(NODES[0], {})
    assert (verdict.status, verdict.shape, verdict.diagnosis) == (Status.ERROR, None, None)


DTYPES = (
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.uint8, torch.bool,
    torch.complex64,
)  # fmt: skip
EXTREMES: tuple[float | str, ...] = (0.0, 1.0, -1.0, float("nan"), float("inf"), float("-inf"), "largest", "smallest")
"""Entries; those in words are a dtype's own."""


@st.composite
def tensors(draw: st.DrawFn, shape: tuple[int, ...]) -> torch.Tensor:
    """Any tensor: of the node's shape, or one that has something of it, or any other, with entries of any size."""
    sizes = draw(
        st.one_of(
            st.just(shape),
            st.just(shape[::-1]),
            st.just((1, *shape)),
            st.just(shape[1:]),
            st.just((1,) * 63),
            st.lists(st.integers(0, 4), max_size=6).map(tuple),
        )
    )
    dtype = draw(st.sampled_from(DTYPES))
    extreme: float | str = draw(st.sampled_from(EXTREMES))
    if not (dtype.is_floating_point or dtype.is_complex):
        number: int = draw(st.sampled_from([0, 1, 100]))
        return torch.full(sizes, number).to(dtype)
    if isinstance(extreme, str):
        extreme = torch.finfo(dtype).max if extreme == "largest" else torch.finfo(dtype).tiny
    filled = torch.full(sizes, extreme, dtype=dtype)
    if filled.numel() and draw(st.booleans()):
        filled.reshape(-1)[0] = 1
    return filled


@st.composite
def near_misses(draw: st.DrawFn, expected: torch.Tensor) -> torch.Tensor:
    """The right gradient times any factor, or with one entry that is anything."""
    factor = draw(st.sampled_from([1.0, -1.0, 0.0, 1e30, 3e38, 1e300, 1e-300, float("inf"), float("nan")]))
    changed = expected * factor
    if draw(st.booleans()):
        changed.reshape(-1)[draw(st.integers(0, changed.numel() - 1))] = draw(
            st.sampled_from([0.0, float("nan"), float("-inf"), torch.finfo(expected.dtype).max])
        )
    return changed


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data())
def test_whatever_an_answer_gives_is_judged(data: st.DataObject) -> None:
    node = data.draw(st.sampled_from(NODES))
    worlds = data.draw(st.sets(st.sampled_from(list(World)))) | {World.FLOAT32}
    shape = tuple(right(node, World.LOCAL).shape)
    gradients = {
        world: data.draw(st.one_of(tensors(shape), near_misses(right(node, world).clone()))) for world in sorted(worlds)
    }
    verdict = verdict_on(node, gradients)
    assert verdict.status in (Status.PASS, Status.FAIL)
    assert verdict.shape == tuple(gradients[World.FLOAT32].shape)
    if verdict.passed:
        single = right(node, World.FLOAT32)
        assert torch.allclose(gradients[World.FLOAT32].expand(single.shape), single, rtol=1e-4, atol=1e-7)
    else:
        assert verdict.diagnosis is not None
