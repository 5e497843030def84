"""The corpus of scripts by autograd alone: wrong ones are wrong, right ones right, and every gradient is there."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engine.scripts import truth
from tests.engine.scripts.networks import SCRIPTS
from tests.engine.scripts.right import variants
from tests.engine.scripts.script import Script
from tests.engine.scripts.wrong import mutants

FEWEST_NETWORKS, FEWEST_MUTANTS, FEWEST_RIGHT = 25, 600, 200
ANOTHER = truth.Draw(211, 9)

pytestmark = pytest.mark.slow
each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)


def test_the_corpus_is_large() -> None:
    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS) >= FEWEST_NETWORKS
    assert sum(len(mutants(script)) for script in SCRIPTS) >= FEWEST_MUTANTS
    assert sum(len(variants(script)) for script in SCRIPTS) >= FEWEST_RIGHT
    rules = Counter(mutant.rule for script in SCRIPTS for mutant in mutants(script))
    assert max(rules.values()) < sum(rules.values()) / 3


@each_script
def test_every_gradient_is_right_and_flows(script: Script) -> None:
    assert truth.is_right(script, script.hand, script.compare, script.gradients)
    names = truth.executed(script, script.hand)
    assert not [tensor for tensor in script.gradients.values() if eval(f"({tensor}).grad", names).abs().max() < 1e-6]
    for parameter in truth.parameters(names):
        assert parameter.grad is None or parameter.grad.abs().max() > 1e-6


@each_script
def test_all_that_is_written_by_hand_is_what_it_is_said_to_be(script: Script) -> None:
    wrong = {mutant.code for mutant in mutants(script) if mutant.rule == "by-hand"}
    right = {variant.code for variant in variants(script) if variant.rule == "by-hand"}
    assert wrong == {code for codes in script.wrong.values() for code, _ in codes}
    assert right == {code for codes in script.right.values() for code in codes}


@each_script
def test_mutants_are_wrong(script: Script) -> None:
    assert [mutant.code for mutant in mutants(script) if not truth.is_wrong(script, mutant.hand)] == []


@each_script
def test_variants_are_right_on_another_draw_too(script: Script) -> None:
    for variant in variants(script):
        gaps = truth.differences(script, variant.hand, variant.compare, variant.gradients, ANOTHER)
        assert max(gaps.values()) <= truth.RIGHT, variant.code
