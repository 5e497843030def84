"""The judge on other networks than the lecture's: single numbers, structural zeros, −∞, three axes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import read_folder, read_lesson
from tests.engine.corpus.networks import RIGHT, WRONG
from tests.engine.corpus.one_head import FORWARD
from tests.helpers import some_names

pytestmark = pytest.mark.processes

WRITTEN_OUT = """
maxes = masked.max(2, keepdim=True).values
shifted = masked - maxes
counts = shifted.exp()
att = counts / counts.sum(2, keepdim=True)
"""
"""Softmax of scores of which some are −∞."""


def judging(lesson: Lesson) -> Iterator[LiveJudge]:
    bench = Workbench(lesson, Options(served=(("names.txt", some_names()),)))
    bench.open()
    judge = LiveJudge(bench)
    yield judge
    judge.close()
    bench.close()


def one_head(folder: Path, text: str = FORWARD) -> Lesson:
    """The lesson ``text``, in a folder of its own."""
    folder.mkdir()
    (folder / "forward.py").write_text(text, encoding="utf-8")
    return read_folder(folder)


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LiveJudge]]:
    own = one_head(tmp_path_factory.mktemp("lessons") / "one-head")
    opened = {name: judging(own if name == own.name else read_lesson(name)) for name in RIGHT}
    yield {name: next(judge) for name, judge in opened.items()}
    for judge in opened.values():
        next(judge, None)


@pytest.fixture(scope="module")
def written_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveJudge]:
    """Attention whose softmax is four statements."""
    text = FORWARD.replace("att = F.softmax(masked, 2)\n", WRITTEN_OUT[1:])
    yield from judging(one_head(tmp_path_factory.mktemp("lessons") / "written-out", text))


@pytest.mark.parametrize("lesson", RIGHT)
def test_no_right_answer_fails(judges: dict[str, LiveJudge], lesson: str) -> None:
    found = [(code, judges[lesson].evaluate(code, Place(node))) for node, code in RIGHT[lesson]]
    assert [(code, verdict.diagnosis, verdict.error) for code, verdict in found if not verdict.passed] == []


@pytest.mark.parametrize("lesson", WRONG)
def test_no_wrong_answer_passes_and_the_kind_is_told(judges: dict[str, LiveJudge], lesson: str) -> None:
    found = [(code, kind, judges[lesson].evaluate(code, Place(node))) for node, code, kind in WRONG[lesson]]
    assert [code for code, _, verdict in found if verdict.passed] == []
    told = [(code, kind, verdict.diagnosis.kind if verdict.diagnosis else None) for code, kind, verdict in found]
    assert [each for each in told if each[1] and each[1] != each[2]] == []


def test_no_factor_is_told_between_single_numbers_unless_it_is_one_that_people_forget(
    judges: dict[str, LiveJudge],
) -> None:
    judge = judges["micrograd"]
    for code in ("dout = torch.tensor(0.731)", "dout = derr * 0.731", "dout = derr + 1e-3"):
        verdict = judge.evaluate(code, Place("out"))
        assert verdict.diagnosis is not None
        assert "factor 0." not in verdict.diagnosis.message
        assert verdict.diagnosis.kind not in ("scale", "constant-offset")
    half = judge.evaluate("dout = derr / 2", Place("out"))
    assert half.diagnosis is not None
    assert half.diagnosis.kind == "scale"


@pytest.mark.parametrize(
    ("node", "code", "passes"),
    [
        ("counts", "dcounts = (datt - (att * datt).sum(2, keepdim=True)) / counts.sum(2, keepdim=True)", True),
        ("counts", "dcounts = datt / counts.sum(2, keepdim=True)", False),
        ("shifted", "dshifted = counts * dcounts", True),
        ("shifted", "dshifted = dcounts", False),
        ("shifted", "dshifted = shifted * dcounts", False),
        ("maxes", "dmaxes = -dshifted.sum(2, keepdim=True)", True),
        ("maxes", "dmaxes = torch.zeros_like(maxes)", False),
        ("maxes", "dmaxes = -dshifted.sum(1, keepdim=True).mT", False),
        ("masked", "dmasked = dshifted + F.one_hot(masked.max(2).indices, block_size) * dmaxes", True),
        ("masked", "dmasked = dshifted.clone()\ndmasked += (masked == maxes) * dmaxes", True),
        ("masked", "dmasked = dshifted", False),
        ("masked", "dmasked = dshifted + dmaxes", False),
        ("scores", "dscores = dmasked.masked_fill(future, 0.0)", True),
        ("scores", "dscores = dmasked.tril()", True),
        ("scores", "dscores = torch.zeros_like(scores)", False),
    ],
)
def test_softmax_of_minus_infinity_written_out(written_out: LiveJudge, node: str, code: str, passes: bool) -> None:
    verdict = written_out.evaluate(code, Place(node))
    assert (verdict.passed, verdict.error) == (passes, None), verdict.diagnosis


@pytest.mark.parametrize(
    ("lesson", "node", "code", "said"),
    [
        (
            "rnn",
            "emb",
            "demb = torch.zeros_like(emb)\ndemb[:, 2] = da3 @ Wxh.T",
            "missing: the ones through `a1`, `a2`",
        ),
        (
            "rnn",
            "emb",
            "demb = torch.zeros_like(emb)\ndemb[:, 0] = da1 @ Wxh.T",
            "missing: the ones through `a2`, `a3`",
        ),
        (
            "rnn",
            "emb",
            "demb = torch.stack([da1 @ Wxh.T, da2 @ Wxh.T, da2 @ Wxh.T], 1)",
            "da2 stands where the upstream gradient da3 belongs",
        ),
        ("rnn", "h1", "dh1 = (da2 + da3) @ Whh.T", "da3 is in it beside the upstream gradient da2, and should not be"),
        ("rnn", "h2", "dh2 = dh3 @ Whh.T", "dh3 stands where the upstream gradient da3 belongs"),
        ("conv1d", "bc", "dbc = dconv.sum((0, 2))", "`bc` was broadcast along axis 0 and axis 1"),
    ],
)
def test_a_sentence_names_the_step_that_is_wrong(
    judges: dict[str, LiveJudge], lesson: str, node: str, code: str, said: str
) -> None:
    verdict = judges[lesson].evaluate(code, Place(node))
    assert verdict.diagnosis is not None
    assert said in verdict.diagnosis.message


def test_a_mask_is_told_on_the_path_whose_slice_it_is(judges: dict[str, LiveJudge]) -> None:
    code = "demb = torch.stack([da1 @ Wxh.T, (da2 @ Wxh.T) * (h2[:, :10] > 0), da3 @ Wxh.T], 1)"
    verdict = judges["rnn"].evaluate(code, Place("emb"))
    assert verdict.diagnosis is not None
    assert "get no gradient on the path through `a2` and should" in verdict.diagnosis.message
