"""Scripts of other kinds than the lessons: no wrong gradient passes, no right one fails or is left out."""

from __future__ import annotations

import pytest

from tests.engine.scripts.judging import judge_script
from tests.engine.scripts.networks import SCRIPTS
from tests.engine.scripts.script import Script
from tests.engine.scripts.tally import Finding, Tally, tally

pytestmark = pytest.mark.slow

MOST_UNKNOWN = 0.1


def shown(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.code, finding.said) for finding in findings]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_mutant_escapes_few_are_unknown_and_no_right_script_fails(script: Script) -> None:
    found: Tally = tally(script)
    wrong = {
        "a wrong gradient passes": shown(found.escapes),
        "a wrong gradient is not judged": shown(found.untold),
        "a right gradient fails": shown(found.false_alarms),
        "a right gradient is not judged": shown(found.unjudged),
    }
    assert {title: findings for title, findings in wrong.items() if findings} == {}
    assert len(found.unknown) <= MOST_UNKNOWN * found.mutants, shown(found.unknown)


def test_a_script_is_judged_by_its_gradients() -> None:
    script = next(each for each in SCRIPTS if each.name == "rms_norm")
    assert judge_script(script.text) == {gradient: [("pass", "")] for gradient in script.gradients}


HEADS = """import torch
torch.manual_seed(3)
x = torch.randn(2, 3, 8)
W = torch.randn(8, 8, requires_grad=True)
m = torch.randn(2, 2, 3, 3)
v = (x @ W).view(2, 3, 2, 4).transpose(1, 2)
out = m @ v
loss = (out**2).sum()
v.retain_grad()
loss.backward()
dout = torch.zeros_like(out)
dout += 2 * out
dv = torch.zeros_like(v)
dv += m.transpose(-2, -1) @ dout
dW = (x.transpose(1, 2) @ dv.transpose(1, 2).reshape(2, 3, 8)).sum(0)
print(torch.allclose(dv, v.grad), torch.allclose(dW, W.grad))
"""


def test_gradients_may_lie_in_memory_in_another_order_than_autograds() -> None:
    assert judge_script(HEADS) == {name: [("pass", "")] for name in ("dout", "dv", "dW")}
