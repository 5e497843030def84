"""The answers of the corpus, wrong and right, and the marks that run a test on each."""

from __future__ import annotations

import os

import pytest

from tests.engine.corpus.by_hand import typed_in
from tests.engine.corpus.mutant import Mutant
from tests.engine.corpus.mutants import mutants, names
from tests.engine.corpus.right import right_answers
from tests.engine.corpus.truth import universe

EVERY = int(os.environ.get("CORPUS_EVERY", "1"))
"""Judge only every so manieth answer."""


def numbers_of_this_minibatch() -> list[Mutant]:
    values = universe(elsewhere=False).names
    return typed_in(values["Yb"].tolist(), values["logits"].max(1).indices.tolist())


MUTANTS = [*mutants(), *numbers_of_this_minibatch()]
RIGHT = right_answers()
MUTANT_IDS = names([(mutant.node, mutant.rule) for mutant in MUTANTS])
RIGHT_IDS = names([(right.node, right.name) for right in RIGHT])

each_mutant = pytest.mark.parametrize("mutant", MUTANTS[::EVERY], ids=MUTANT_IDS[::EVERY])
each_right = pytest.mark.parametrize("right", RIGHT[::EVERY], ids=RIGHT_IDS[::EVERY])
