"""The stored notebooks: one for each thing that people's notebooks hold and that must do no harm.

Each is the same small network with twelve gradients, of which that of ``b1`` is wrong, and is judged by ``--replay``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers import replay_json

pytestmark = pytest.mark.processes

FOLDER = Path(__file__).parent / "notebooks"
NODES = ("logprobs", "probs", "total", "counts", "shifted", "logits", "h", "W2", "b2", "hpre", "W1", "b1")
IN_THE_LOOP = ("logits", "h", "W2", "b2", "W1", "b1")
LEFT_OUT = {"newer-fstring": 2, "pasted-output": 4, "unclosed-bracket": 1}
"""How many statements are no Python, and are said to be left out."""
BEFORE = {"answered-again": [("logprobs", "fail")]}
"""The answers that the notebook compares, and takes back later."""


def judged(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[list[tuple[str, str]], list[str], int]:
    """Node and status of each answer, the notes, and the exit code of ``--replay``."""
    code, report = replay_json(FOLDER / f"{name}.ipynb", capsys)
    (file,) = report["files"]
    (lesson,) = file["lessons"]
    return [(node["node"], node["status"]) for node in lesson["nodes"]], file.get("notes", []), code


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.ipynb")))
def test_what_stands_around_a_gradient_does_not_change_its_verdict(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answers, notes, code = judged(name, capsys)
    for early in BEFORE.get(name, []):
        answers.remove(early)
    asked = IN_THE_LOOP if name == "training-loop" else NODES
    assert dict(answers) == {node: "fail" if node == "b1" else "pass" for node in asked}
    assert len(answers) == len(asked) + (name == "answered-again")
    assert code == 1
    left_out = [note for note in notes if "is left out" in note]
    assert len(left_out) == LEFT_OUT.get(name, 0)
    assert all(re.match(r"cell \d+, line \d+ is left out: ", note) for note in left_out)


def test_a_corrected_gradient_is_judged_both_times(capsys: pytest.CaptureFixture[str]) -> None:
    answers, _, _ = judged("answered-again", capsys)
    assert [status for node, status in answers if node == "logprobs"] == ["fail", "pass"]
    assert [status for node, status in answers if node == "logits"] == ["pass", "pass"]
