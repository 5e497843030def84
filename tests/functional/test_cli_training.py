"""``--replay FILE --train N``: headless training, its report and its exit codes."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from ninja_tui.cli import main
from ninja_tui.lesson.read import read_lesson
from tests.helpers import some_names

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Some names, so that the set-up is quick."""
    path = tmp_path_factory.mktemp("words") / "names.txt"
    path.write_text(some_names(), encoding="utf-8")
    return str(path)


def solution(lesson: str) -> Path:
    found = read_lesson(lesson).solution
    assert found is not None
    return found


def trained(path: Path, names: str, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[dict[str, Any], int]:
    """What the JSON report says of the training, and the exit code."""
    code = main(["--replay", str(path), "--data", names, "--json", "-", *more])
    report = json.loads(capsys.readouterr().out)
    return report["training"], code


def test_the_lessons_own_answers_learn_in_500_steps(names: str, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("--lesson", "train", "--train", "500", "--sample", "7")
    told, code = trained(solution("train"), names, capsys, *more)
    assert list(told) == [
        "steps", "seconds", "steps_per_second", "backward", "train_loss", "val_loss", "names", "losses",
    ]  # fmt: skip
    assert (code, told["steps"], told["backward"]) == (0, 500, "manual")
    assert told["losses"][0][0] == 0
    assert [step for step, _ in told["losses"]] == list(range(500))
    assert told["losses"][0][1] == pytest.approx(math.log(27), abs=0.7)
    assert told["train_loss"] < 2.9
    assert told["val_loss"] < 3.0
    assert told["steps_per_second"] == pytest.approx(500 / told["seconds"])
    assert len(told["names"]) == 7
    assert all(re.fullmatch("[a-z]*", name) for name in told["names"])


@pytest.mark.parametrize("lesson", ["train", "names"])
def test_manual_and_autograd_from_the_same_seed_agree(
    lesson: str, names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--lesson", lesson, "--train", "100", "--sample", "0")
    manual, _ = trained(solution(lesson), names, capsys, *more)
    autograd, _ = trained(solution(lesson), names, capsys, *more, "--backward", "autograd")
    assert (manual["backward"], autograd["backward"]) == ("manual", "autograd")
    pairs = zip(manual["losses"], autograd["losses"], strict=True)
    assert max(abs(mine[1] - theirs[1]) for mine, theirs in pairs) < 1e-5


def test_what_is_missing_is_said_and_autograd_stands_in(
    tmp_path: Path, names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some.py"
    path.write_text("dlogits = (F.softmax(logits, 1) - F.one_hot(Yb, vocab_size)) / n\n", encoding="utf-8")
    code = main(["--replay", str(path), "--data", names, "--lesson", "train", "--train", "30", "--sample", "1"])
    said = capsys.readouterr()
    assert code == 1
    assert "autograd's gradient stands in" in " ".join(said.err.split())
    assert "trained train, manual backward pass: 30 steps" in said.out


def test_a_wrong_gradient_diverges_and_the_exit_code_says_so(
    tmp_path: Path, names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = re.sub(r"(?m)^dW2 = .*", "dW2 = -50 * (h.T @ dlogits)", solution("train").read_text(encoding="utf-8"))
    path = tmp_path / "wrong.py"
    path.write_text(text, encoding="utf-8")
    arguments = ["--replay", str(path), "--data", names, "--lesson", "train", "--train", "1000", "--wrong", "own"]
    assert main(arguments) == 1
    assert "the loss diverges" in capsys.readouterr().out
    told, code = trained(path, names, capsys, "--lesson", "train", "--train", "200", "--sample", "0")
    assert code == 1
    assert told["train_loss"] < 3.2


def test_of_a_file_with_several_lessons_the_training_lesson_is_trained(
    tmp_path: Path, names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.py"
    texts = [solution(lesson).read_text(encoding="utf-8") for lesson in ("cross-entropy", "train")]
    path.write_text("\n".join(texts), encoding="utf-8")
    assert main(["--replay", str(path), "--data", names, "--train", "10", "--sample", "0"]) == 0
    assert "trained train" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--lesson", "dinosaurs", "--train", "5"], "holds nothing for the lesson `dinosaurs`"),
        (["--train", "-5"], "is not a whole number"),
        (["--train", "many"], "is not a whole number"),
    ],
)
def test_a_training_that_cannot_be_is_one_sentence_and_exit_2(
    more: list[str], said: str, names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["--replay", str(solution("train")), "--data", names, *more])
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code == 2
    assert said in capsys.readouterr().err


NOTEBOOK = Path(__file__).parent.parent / "engine" / "notebooks" / "training-loop.ipynb"


def test_an_answer_without_an_end_is_said_before_a_training_begins(
    names: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = solution("train").read_text(encoding="utf-8")
    path = tmp_path / "endless.py"
    path.write_text(f"{text}\n# %% W2\nwhile True:\n    dW2 = h.T @ dlogits\n", encoding="utf-8")
    code = main(["train", str(path), "--data", names, "--steps", "50", "--timeout", "1"])
    error = capsys.readouterr().err
    assert code == 2
    assert "`dW2` finds no end, so there is no step to train with; mend it first" in error


def test_a_notebook_trains_on_its_own_backward_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """Its gradient of ``b1`` is wrong: autograd's stands for it, and both sides come to the same losses."""
    losses = {}
    for backward in ("manual", "autograd"):
        code = main(["--replay", str(NOTEBOOK), "--json", "-", "--train", "300", "--backward", backward])
        said = capsys.readouterr()
        assert code == 1
        assert "no cell `predict`" in said.err
        assert (backward == "manual") == ("b1" in said.err)
        losses[backward] = [loss for _, loss in json.loads(said.out)["training"]["losses"]]
    assert losses["manual"] == pytest.approx(losses["autograd"], rel=1e-3)
    assert losses["manual"][-1] < 0.5 * losses["manual"][0]


def test_a_notebooks_wrong_gradient_can_train_too(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--replay", str(NOTEBOOK), "--json", "-", "--train", "300", "--wrong", "own"])
    own = json.loads(capsys.readouterr().out)["training"]["losses"]
    main(["--replay", str(NOTEBOOK), "--json", "-", "--train", "300", "--backward", "autograd"])
    right = json.loads(capsys.readouterr().out)["training"]["losses"]
    assert own[0] == right[0]
    assert own[-1] != pytest.approx(right[-1], rel=1e-4)
