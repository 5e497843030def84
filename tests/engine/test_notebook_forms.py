"""One network in many forms: other names, other cells, noise between; and a notebook in the app."""

from __future__ import annotations

import json
import random
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.errors import UsageError
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.read import LESSONS
from ninja_tui.lesson.syntax.rename import renamed
from tests.app.support import go_to, pane_text, screen_text, session, submit, wait_for, walking_with_processes
from tests.engine.notebook_support import (
    CELLS,
    LOOP,
    found,
    notebook,
    statuses,
    told,
)
from tests.helpers import SOLUTION, replay_json, some_names

pytestmark = pytest.mark.processes


SOURCE = (LESSONS / "names" / "forward.py").read_text(encoding="utf-8").split("# %% calibrate")[0]
BACK = "loss.backward()"
NAMES = [part.split("\n", 1)[1] for part in re.split(r"^# %%", SOURCE, flags=re.MULTILINE)[2:]]
RIGHT = re.sub(r"^# %%.*\n", "", SOLUTION.read_text(encoding="utf-8"), flags=re.MULTILINE)
VARIABLES = sorted(
    set(re.findall(r"^([A-Za-z]\w*)(?: =|,)", "\n".join([*NAMES, RIGHT]), flags=re.MULTILINE)) - {"seed", "p"}
)


@cache
def names_told() -> dict[str, object]:
    with TemporaryDirectory() as folder:
        (each,) = found(Path(folder), [*NAMES, RIGHT]).lessons
        return told(each)


def test_the_lesson_names_is_found_in_its_own_text() -> None:
    there = names_told()
    asks, answers = there["asks"], there["answers"]
    assert isinstance(asks, tuple)
    assert isinstance(answers, list)
    assert len(asks) == len(answers) == 26


def rewritten(rename: dict[str, str]) -> list[str]:
    return [renamed(text, rename, rename) for text in (*NAMES, BACK, RIGHT)]


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_other_names_give_the_same_lesson(draw: random.Random) -> None:
    numbers = draw.sample(range(1000), len(VARIABLES))
    rename = {name: f"v{number}" for name, number in zip(VARIABLES, numbers, strict=True)}
    nodes = [name for name in VARIABLES if f"d{name}" in VARIABLES]
    compared = "\n".join(f"look({rename[f'd{node}']}, {rename[node]})" for node in nodes)
    with TemporaryDirectory() as folder:
        (each,) = found(Path(folder), [*rewritten(rename), compared]).lessons
    back = {new: old for old, new in rename.items()}
    there = told(each)
    before = names_told()
    assert [back[name] for name in each.lesson.asks] == list(before["asks"])  # type: ignore[call-overload]
    for part in ("setup", "minibatch", "steps"):
        codes = there[part]
        assert isinstance(codes, list)
        assert [renamed(code, back, back) for code in codes] == before[part]
    assert [(back[a.node], back[a.gradient], len(a.steps)) for a in each.program.answers] == before["answers"]


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_other_cells_and_noise_give_the_same_lesson(draw: random.Random) -> None:
    import ast

    noise = ("print(1)", "# a comment", "plt.plot([1, 2])", "'''text'''", "len(words)", "%timeit 3", "1 +")
    cells: list[str] = []
    for text in (*NAMES, RIGHT):
        lines = text.split("\n")
        starts = [statement.lineno - 1 for statement in ast.parse(text).body]
        cuts = sorted(draw.sample(starts[1:], draw.randrange(len(starts) - 1)))
        for first, last in zip([0, *cuts], [*cuts, len(lines)], strict=True):
            cells.append("\n".join(lines[first:last]))
            if draw.random() < 0.4:
                cells.append(draw.choice(noise))
    with TemporaryDirectory() as folder:
        (each,) = found(Path(folder), cells).lessons
    assert told(each) == names_told()


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.randoms(use_true_random=False))
def test_other_names_give_the_same_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], draw: random.Random
) -> None:
    numbers = draw.sample(range(1000), len(VARIABLES))
    rename = {name: f"v{number}" for name, number in zip(VARIABLES, numbers, strict=True)}
    cells = rewritten(rename)
    wrong = cells[-1].replace(f"{rename['db1']} = ", f"{rename['db1']} = 2 * ")
    nodes = [name for name in VARIABLES if f"d{name}" in VARIABLES]
    compared = "\n".join(f"look({rename[f'd{node}']}, {rename[node]})" for node in nodes)
    cells[0] = cells[0].replace('read_words("names.txt")', "open('names.txt').read().split()")
    (tmp_path / "names.txt").write_text(some_names(), encoding="utf-8")
    path = notebook(tmp_path / "notebook.ipynb", [*cells[:-1], wrong, compared])
    _, report = replay_json(path, capsys)
    assert json.dumps(report)
    assert statuses(report) == {rename[node]: "fail" if node == "b1" else "pass" for node in nodes}


# In the app


def test_a_path_opens_as_a_lesson(tmp_path: Path) -> None:
    path = notebook(tmp_path / "my exercise.ipynb", [*CELLS, LOOP])
    lesson = open_lesson(str(path))
    assert lesson.name == "my_exercise"
    assert lesson.gradients["scores"] == "dscores"
    assert open_lesson(str(path), number=2).name == "my_exercise-2"
    assert open_lesson(str(LESSONS / "names")).name == "names"
    assert open_lesson(str(LESSONS / "names" / "forward.py")).asks == open_lesson("names").asks
    with pytest.raises(UsageError, match="2 forward passes"):
        open_lesson(str(path), number=3)


async def test_a_notebook_is_walked_and_never_written(tmp_path: Path) -> None:
    path = notebook(tmp_path / "exercise.ipynb", CELLS)
    before = path.read_bytes()
    async with walking_with_processes(tmp_path / "solutions.py", options=Options(), lesson=str(path)) as pilot:
        now = session(pilot)
        assert now.lesson.name == "exercise"
        assert "  1 · ▶ pre = xb @ weights + bias" in pane_text(pilot, "source")
        assert "cell 5" in screen_text(pilot)
        assert "read by hidden (cell 5, line 2)" in pane_text(pilot, "node")
        assert now.facts is not None
        assert now.facts.shapes["scores"] == (8, 4)
        await go_to(pilot, "dlogs")
        await submit(pilot, "dlogs = torch.zeros_like(logs); dlogs[range(size), yb] = -1.0 / size")
        await wait_for(pilot, (tmp_path / "solutions.py").exists)
    assert "# %% lesson: exercise\n# %% logs\ndlogs = " in (tmp_path / "solutions.py").read_text(encoding="utf-8")
    assert path.read_bytes() == before
