"""The kinds of mistakes, from what is certain to what is likely: a test each, which finds its mistake or nothing."""

from __future__ import annotations

from collections.abc import Callable

from ninja_tui.engine.judge import closed_mistakes as closed
from ninja_tui.engine.judge import cut_mistakes as cuts
from ninja_tui.engine.judge import jacobian_mistakes as jacobians
from ninja_tui.engine.judge import local_mistakes as local
from ninja_tui.engine.judge import mask_mistakes as masks
from ninja_tui.engine.judge import path_mistakes as paths
from ninja_tui.engine.judge import shape_mistakes as shapes
from ninja_tui.engine.judge import term_mistakes as terms
from ninja_tui.engine.judge import value_mistakes as values
from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.finding import Finding

MISTAKES: tuple[Callable[[Attempt], Finding | None], ...] = (
    values.reads_grad,
    values.wrong_dtype,
    values.non_finite,
    values.zeros,
    values.constant_offset,
    values.lost_duplicates,
    paths.left_out,
    masks.forgotten,
    masks.other_branch,
    cuts.never_crossed,
    cuts.sign_lost,
    cuts.goes_through,
    values.typed_in,
    shapes.other_shape,
    paths.weights,
    local.transposed,
    paths.path_summed,
    paths.other_upstream,
    terms.one_term,
    paths.without_upstream,
    shapes.other_sum,
    paths.other_path,
    paths.beside_its_own,
    local.other_power,
    local.elementwise,
    local.other_operand,
    local.other_product,
    terms.other_form,
    masks.other_entries,
    paths.own_factor,
    local.other_factor,
    local.factor_of_the_whole,
    shapes.misplaced,
)
LIKELY: tuple[Callable[[Attempt], Finding | None], ...] = (
    closed.closed_form,
    jacobians.mixed_up,
    jacobians.offset_of_one,
    jacobians.diagonal_alone,
    jacobians.factor_dropped,
    jacobians.by_line,
    local.beside_upstream,
    jacobians.beside_several,
    values.by_chance,
)
"""Looked for where no world shows one of those."""
