"""The corpus by autograd alone, beside the judge: wrong answers are wrong, and right ones right."""

from __future__ import annotations

import ast

from ninja_tui.lesson.read import read_lesson
from tests.engine.corpus.answers import MUTANTS, RIGHT, each_mutant, each_right
from tests.engine.corpus.mutant import Mutant
from tests.engine.corpus.nodes import READERS, SHAPES, solution
from tests.engine.corpus.right import Right
from tests.engine.corpus.truth import VACUOUS, holds_in_any_pass, is_right, universe

FEWEST_MUTANTS, FEWEST_RIGHT = 250, 60


def test_the_corpus_is_large_and_covers_every_node() -> None:
    wrong = [mutant for mutant in MUTANTS if mutant.kinds]
    assert len(wrong) >= FEWEST_MUTANTS
    assert len(RIGHT) >= FEWEST_RIGHT
    assert {mutant.node for mutant in wrong} == set(SHAPES) == {right.node for right in RIGHT}
    assert list(solution()) == list(SHAPES)


def test_the_tables_tell_the_lesson() -> None:
    lesson = read_lesson("names")
    for node in lesson.nodes:
        bound = {name for index in node.consumers for name in lesson.statements[index].binds}
        assert bound - {"loss"} == set(READERS[node.name])
        assert SHAPES[node.name] == tuple(universe(elsewhere=False).names[node.name].shape)
    for node_name, gradient in universe(elsewhere=False).true.items():
        assert (gradient.abs().max().item() < 1e-12) == (node_name in VACUOUS)


@each_mutant
def test_wrong_by_autograd(mutant: Mutant) -> None:
    """Where only the dtype is wrong, that is what is wrong; where another node is harmed, the answer is right."""
    if mutant.kinds == {"wrong-dtype"} and mutant.rule == "float64":
        assert mutant.code.endswith(".double()")
    elif not mutant.kinds:
        assert is_right(mutant.node, mutant.code)
    elif mutant.rule == "overwritten":
        *_, last = ast.parse(mutant.code).body
        assert not is_right(mutant.node, ast.unparse(last))
    else:
        assert not is_right(mutant.node, mutant.code)


@each_right
def test_right_by_autograd(right: Right) -> None:
    assert is_right(right.node, right.code)
    any_upstream = holds_in_any_pass(right.node, right.code)
    assert any_upstream == (not {"structure", "closed-form"} & set(right.warnings))
