"""The judge in-process: tensors in, a verdict out, whatever an answer gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.trials import Trial
from ninja_tui.engine.protocol.judging import Evidence, Reading
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.verdict import Kind, Status, Verdict, Warning
from ninja_tui.engine.protocol.worlds import World
from ninja_tui.engine.workers.forward import forward_pass
from ninja_tui.lesson.read import read_lesson


@dataclass(frozen=True)
class Node:
    """A node of a lesson, which an answer by the chain rule is given to."""

    assessor: Assessor
    name: str

    @property
    def reading(self) -> Reading:
        """What the answer reads: the gradients of what is computed from the node."""
        graph = self.assessor.graph
        return Reading(tuple(graph.names[each] for each in graph.below(self.name)), operations=3, multiplies=True)

    @property
    def trials(self) -> list[Trial]:
        return self.assessor.trials(self.name, self.reading)

    @property
    def single(self) -> torch.Tensor:
        """Autograd's gradient in float32."""
        return self.assessor.reference(self.assessor.graph.numbers[self.name])

    @property
    def vacuous(self) -> bool:
        return self.assessor.is_vacuous(self.assessor.graph.numbers[self.name])

    def verdict(self, gradient: torch.Tensor | None, results: Sequence[torch.Tensor | None] = ()) -> Verdict:
        return self.assessor.verdict(Evidence(self.name, self.reading, gradient, tuple(results)))


def nodes_of(lesson: str) -> list[Node]:
    graph = forward_pass(LessonCode.of(read_lesson(lesson), None, {})).graph
    assessor = Assessor(graph, "d{}".format)
    return [Node(assessor, name) for name in sorted(graph.numbers) if graph.consumers.get(name)]


LAYERNORM = nodes_of("layernorm")
NODES = [*LAYERNORM, *nodes_of("names")]


def test_every_kind_of_trial_is_there() -> None:
    assert {trial.kind for node in NODES for trial in node.trials} == {*World} - {World.FLOAT32, World.CHAINED}
    for node in NODES:
        assert {World.LOCAL, World.FRESH, World.RANDOM, World.ALONE} <= {trial.kind for trial in node.trials}, node.name


def test_what_autograd_gives_in_every_world_passes_exactly() -> None:
    for node in NODES:
        verdict = node.verdict(node.single, [trial.expected for trial in node.trials])
        assert (verdict.status, verdict.exact, verdict.maxdiff) == (Status.PASS, True, 0.0), node.name
        assert all(path.present for path in verdict.paths)


def test_minus_what_autograd_gives_has_the_wrong_sign() -> None:
    for node in NODES:
        verdict = node.verdict(-node.single, [-trial.expected for trial in node.trials])
        assert verdict.status is Status.FAIL, node.name
        assert verdict.diagnosis is not None
        assert verdict.diagnosis.kind is Kind.SIGN, node.name


def test_a_gradient_that_is_right_for_this_minibatch_alone_fails() -> None:
    for node in NODES:
        (local,) = [trial.expected for trial in node.trials if trial.kind is World.LOCAL]
        assert node.verdict(node.single, [local for _ in node.trials]).status is Status.FAIL, node.name


@pytest.mark.parametrize("kind", [World.LOCAL, World.FRESH, World.ALONE])
def test_a_gradient_that_is_wrong_in_one_kind_of_trial_fails(kind: World) -> None:
    for node in NODES:
        if node.vacuous and kind is not World.ALONE:
            continue  # random upstream gradients decide
        results = [trial.expected + (trial.kind is kind) for trial in node.trials]
        assert node.verdict(node.single, results).status is Status.FAIL, node.name


def test_a_gradient_that_is_wrong_for_random_upstream_alone_leans_on_a_structure() -> None:
    for node in NODES:
        results = [trial.expected + (trial.kind is World.RANDOM) for trial in node.trials]
        verdict = node.verdict(node.single, results)
        if node.vacuous:
            assert verdict.status is Status.FAIL, node.name
        else:
            assert (verdict.status, verdict.warnings) == (Status.PASS, (Warning.STRUCTURE,)), node.name


@pytest.mark.parametrize("kind", [World.VACUOUS, World.SCALED])
def test_a_structure_that_a_0_or_a_size_only_seems_to_have_does_not_count(kind: World) -> None:
    tried = [node for node in NODES if any(trial.kind is kind for trial in node.trials)]
    assert any(not node.vacuous for node in tried)
    for node in tried:
        results = [trial.expected + (trial.kind in (World.RANDOM, kind)) for trial in node.trials]
        assert node.verdict(node.single, results).status is Status.FAIL, node.name


def test_a_gradient_of_another_shape_passes_with_a_warning_where_its_values_are_right() -> None:
    node = next(node for node in LAYERNORM if node.single.dim() == 1)
    verdict = node.verdict(node.single.unsqueeze(0), [trial.expected.unsqueeze(0) for trial in node.trials])
    assert verdict.status is Status.PASS
    assert Warning.SHAPE in verdict.warnings


def test_an_answer_without_a_gradient_is_an_error() -> None:
    verdict = NODES[0].verdict(None)
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
    shape = tuple(node.single.shape)

    def anything_for(expected: torch.Tensor) -> torch.Tensor:
        return data.draw(st.one_of(tensors(shape), near_misses(expected.clone())))

    gradient = anything_for(node.single)
    results = [anything_for(trial.expected) if data.draw(st.booleans()) else None for trial in node.trials]
    verdict = node.verdict(gradient, results)
    assert verdict.status in (Status.PASS, Status.FAIL)
    assert verdict.shape == tuple(gradient.shape)
    if verdict.passed:
        assert torch.allclose(gradient.expand(shape), node.single, rtol=1e-4, atol=1e-7)
    else:
        assert verdict.diagnosis is not None


@pytest.mark.slow
@settings(max_examples=100)
@given(st.data())
def test_float32_is_judged_where_float64_is_right(data: st.DataObject) -> None:
    node = data.draw(st.sampled_from(NODES))
    gradient = data.draw(st.one_of(tensors(tuple(node.single.shape)), near_misses(node.single.clone())))
    verdict = node.verdict(gradient, [trial.expected for trial in node.trials])
    if verdict.passed:
        assert gradient.dtype is torch.float32
        assert bool(torch.isfinite(gradient).all())
    else:
        assert verdict.diagnosis is not None


def test_an_attempt_that_raises_where_its_gradient_has_a_value_reads_no_grad() -> None:
    node = next(each for each in LAYERNORM if each.name == "h")
    error = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (16x20 and 3x20)"
    reading = Reading(("h",), ("W2",), multiplies_matrices=True)
    verdict = node.assessor.verdict(Evidence("h", reading, None, error=error))
    assert verdict.diagnosis is not None and verdict.diagnosis.kind is Kind.TRANSPOSED
