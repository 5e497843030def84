"""Scripts of other kinds than the lessons: no wrong gradient passes, no right one fails or is left out."""

from __future__ import annotations

import functools

import pytest

from tests.engine.scripts.judging import judge_script
from tests.engine.scripts.networks import SCRIPTS
from tests.engine.scripts.script import Script
from tests.engine.scripts.tally import Finding, Tally, tally

pytestmark = pytest.mark.slow

MOST_UNKNOWN = 0.1

judged = functools.cache(tally)


def shown(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.code, finding.said) for finding in findings]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_mutant_escapes_and_no_right_script_fails(script: Script) -> None:
    found: Tally = judged(script)
    wrong = {
        "a wrong gradient passes": shown(found.escapes),
        "a wrong gradient is not judged": shown(found.untold),
        "a right gradient fails": shown(found.false_alarms),
        "a right gradient is not judged": shown(found.unjudged),
    }
    assert {title: findings for title, findings in wrong.items() if findings} == {}


def test_few_kinds_are_unknown() -> None:
    found = [judged(script) for script in SCRIPTS]
    unknown = [finding for each in found for finding in shown(each.unknown)]
    assert len(unknown) <= MOST_UNKNOWN * sum(each.mutants for each in found), unknown


def test_a_script_is_judged_by_its_gradients() -> None:
    script = next(each for each in SCRIPTS if each.name == "rms_norm")
    assert judge_script(script.text) == {gradient: [("pass", "")] for gradient in script.gradients}
