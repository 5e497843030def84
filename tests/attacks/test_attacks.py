"""Files that mean harm are judged by locked workers, and nothing happens.

With the lock off some of the same files have their effect.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

import pytest

from tests.attacks.cases import SHORT, Case, Form, cases, submissions
from tests.attacks.machine import Machine
from tests.attacks.verdict import Finding, finding, passing_nodes

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has what workers are locked with"),
]


def in_one_form() -> Iterator[tuple[Case, Form]]:
    """Every case once, by turns as an answer and as a script; ``python -m tests.attacks`` tries both."""
    for position, (case, forms) in enumerate(groupby(submissions(), lambda each: each[0])):
        possible = [form for _, form in forms]
        yield case, possible[position % len(possible)]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine whose workers are locked."""
    attacked = Machine(tmp_path_factory.mktemp("attacked"))
    if not attacked.is_locked:
        attacked.close()
        pytest.skip("this kernel has no Landlock, or there is no libseccomp")
    yield attacked
    attacked.close()


@pytest.fixture(scope="module")
def unlocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine whose workers are not."""
    attacked = Machine(tmp_path_factory.mktemp("unlocked"), locked=False)
    yield attacked
    attacked.close()


@pytest.mark.parametrize(
    ("case", "form"),
    [
        pytest.param(case, form, id=f"{case}-{form}", marks=pytest.mark.slow if case.family in SHORT else ())
        for case, form in in_one_form()
    ],
)
def test_a_hostile_file_has_no_effect_and_costs_nothing_but_its_own_answer(
    machine: Machine, case: Case, form: Form
) -> None:
    assert finding(machine, case, form) == Finding()


CONTROLS = [case for case in cases() if case.is_control and case.runs_here]


@pytest.mark.parametrize("case", CONTROLS, ids=str)
def test_where_nothing_is_locked_the_same_file_has_its_effect(unlocked: Machine, case: Case) -> None:
    assert finding(unlocked, case, case.forms[0]).effects


HARMFUL = ("operation_replaced", "patched_builtins_gone", "patched_comparison", "kill_itself", "reply_garbage")


def test_hostile_files_cost_the_files_between_them_nothing(machine: Machine) -> None:
    harmful = {f"{each.name}.py": each.submission(Form.ANSWER).text for each in cases() if each.name in HARMFUL}
    harmless = Case("", "", "pass", {}).submission
    texts: dict[str, str] = {}
    for place, (name, text) in enumerate(harmful.items()):
        texts[f"{2 * place}_{name}"] = text
        texts[f"{2 * place + 1}_harmless.py"] = harmless(Form.SCRIPT if place % 2 else Form.ANSWER).text
    judged = machine.judge(texts, *texts, limit=10.0)
    assert judged.effects == ()
    passing = passing_nodes(judged)
    for place in range(len(HARMFUL)):
        form = Form.SCRIPT if place % 2 else Form.ANSWER
        assert passing[f"{2 * place + 1}_harmless.py"] == harmless(form).right


def test_the_corpus_is_large_and_of_every_family() -> None:
    sizes = {family: len(list(each)) for family, each in groupby(cases(), lambda case: case.family)}
    assert sum(sizes.values()) >= 400
    assert min(sizes.values()) >= 25
