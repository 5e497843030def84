"""The mutation corpus: no wrong gradient passes, no right one fails, and the kind of mistake is named."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import pytest

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.lesson.read import read_lesson
from tests.engine.corpus.answers import EVERY, MUTANTS, each_mutant, each_right
from tests.engine.corpus.judged import PROGRAMS, Judged, OneRunner, kind_of, told
from tests.engine.corpus.mutant import Mutant
from tests.engine.corpus.nodes import SHAPES
from tests.engine.corpus.right import Right
from tests.engine.corpus.truth import universe

pytestmark = pytest.mark.processes

MOST_UNKNOWN = 0.05
SMALL = 1000
"""Integers up to here are sizes, places and lines."""


@pytest.fixture(scope="module")
def judged() -> Iterator[Judged]:
    bench = OneRunner(read_lesson("names"), Options())
    bench.open()
    yield Judged(bench)
    bench.close()


@each_mutant
def test_mutant_has_its_status_and_kind(mutant: Mutant, judged: Judged) -> None:
    own = judged.own(mutant)
    assert own
    for verdict in own:
        assert str(verdict.status) == mutant.status, verdict
        if mutant.kinds:
            assert kind_of(verdict) in mutant.kinds, verdict.diagnosis
        else:
            assert told(verdict) == (mutant.node, "pass", None, mutant.warnings)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"{program[0].node}-{len(program)}")
def test_mutants_are_told_at_no_other_node(program: list[Mutant | Right], judged: Judged) -> None:
    wrong = {mutant.node for mutant in program}
    others = [told(verdict) for verdict in judged.program(program) if verdict.node not in wrong]
    harms = [each for mutant in program if isinstance(mutant, Mutant) for each in mutant.elsewhere]
    harmed = {each.node: (each.node, each.status, each.kind, each.warnings) for each in harms}
    assert others == [harmed.get(node, (node, "pass", None, ())) for node in SHAPES if node not in wrong]


@functools.cache
def entries_of(node: str) -> frozenset[str]:
    """The entries of the true gradient, as a message might give one away."""
    return frozenset(f"{abs(entry):.3e}" for entry in universe(elsewhere=False).true[node].flatten().tolist())


@each_mutant
def test_message_is_one_sentence_without_the_answer(mutant: Mutant, judged: Judged) -> None:
    alone = [] if mutant.kinds else judged.program(judged.with_(mutant))
    for verdict in (*judged.own(mutant), *alone):
        if verdict.diagnosis is None:
            continue
        message = verdict.diagnosis.message
        assert message and "\n" not in message
        assert not re.search(r"[.!?]\s+[A-Z]", message), message
        assert not message.endswith("."), message
        secrets = entries_of(verdict.node)
        for number in re.findall(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", message):
            value = float(number)
            if value != round(value) or value > SMALL:
                assert f"{value:.3e}" not in secrets, message


@each_right
def test_right_answer_passes(right: Right, judged: Judged) -> None:
    expected = {answer.node: answer.warnings for answer in judged.with_(right)}
    verdicts = [told(verdict) for verdict in judged.program(judged.with_(right))]
    assert [told(verdict) for verdict in judged.own(right)] == [(right.node, "pass", None, right.warnings)]
    assert verdicts == [(node, "pass", None, expected.get(node, ())) for node in SHAPES]


def test_no_mutant_escapes(judged: Judged) -> None:
    escaped = [
        (mutant.node, mutant.code)
        for mutant in MUTANTS[::EVERY]
        if mutant.kinds and any(verdict.passed for verdict in judged.own(mutant))
    ]
    assert escaped == []


def test_few_kinds_are_unknown(judged: Judged) -> None:
    wrong = [mutant for mutant in MUTANTS[::EVERY] if mutant.kinds]
    unknown = [
        (mutant.node, mutant.code)
        for mutant in wrong
        if any(kind_of(verdict) == "unknown" for verdict in judged.own(mutant))
    ]
    assert len(unknown) <= MOST_UNKNOWN * len(wrong), unknown
