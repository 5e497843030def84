"""Every event of the backend, with real processes and files: what the fake backend's events stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ninja_tui.engine.events import (
    CatalogueRead,
    Failed,
    Judged,
    LessonRead,
    Opened,
    Poked,
    Rechecked,
    Viewed,
)
from ninja_tui.engine.protocol.verdict import Status, Upstream, Verdict, Warning
from ninja_tui.engine.protocol.views import Frame, Poke, PokeRequest, Slice, View, ViewRequest
from ninja_tui.lesson.read import lesson_names, read_lesson
from ninja_tui.lesson.solutions import SavedAnswer
from tests.app.canned import NAMES, facts_of, heatmap_of, solution_of, window_of
from tests.app.real_backend import RealBackend, started
from tests.app.support import ANSWERS, NODES

pytestmark = pytest.mark.processes
TAGS = "C[ix] [red]x[/red] [/] [bold"


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBackend]:
    """The lesson ``names``, once it has run, with an empty solutions file."""
    with started(tmp_path_factory.mktemp("names") / "solutions.py") as real:
        real.event(Opened)
        yield real


# Opening


def test_a_lesson_is_read_then_run_and_its_saved_answers_are_judged(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    cells = {"logprobs": ANSWERS["logprobs"], "probs": "dprobs = probs", "h": "dh = no_such_name"}
    text = "# %% lesson: names\n" + "".join(f"# %% {node}\n{code}\n" for node, code in cells.items())
    path.write_text(f"{text}# %% probs\ndprobs = (1.0 / probs) * dlogprobs\n", encoding="utf-8")
    with started(path) as real:
        read = real.event(LessonRead)
        assert read.lesson.asks == NODES
        assert {node: answer.code for node, answer in read.saved.items()} == {**cells, "probs": ANSWERS["probs"]}
        assert {node: forms[-1] for node, forms in read.solution.items()} == solution_of("names")
        facts = real.event(Opened).facts
        assert facts.shapes == facts_of("names").shapes
        assert NAMES.items() <= facts.names.items()
        assert facts.loss == pytest.approx(3.5222, abs=1e-4)
        by_node = {verdict.node: verdict for verdict in real.event(Rechecked).verdicts}
        assert {node: verdict.status for node, verdict in by_node.items() if node in cells} == {
            "logprobs": Status.PASS,
            "probs": Status.FAIL,  # the worst of the two
            "h": Status.ERROR,
        }
        assert by_node["logprobs"].line == 3


def test_the_catalogue_counts_the_answers_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    path.write_text("# %% lesson: batchnorm\n# %% hprebn\ndhprebn = hprebn * 0\n", encoding="utf-8")
    with started(path) as real:
        lessons = real.event(CatalogueRead).lessons
    assert [each.name for each in lessons] == list(lesson_names())
    assert [each.asked for each in lessons] == [len(read_lesson(name).asks) for name in lesson_names()]
    assert {each.name: each.answered for each in lessons if each.answered} == {"batchnorm": 1}


def test_a_lesson_that_cannot_be_run_fails_with_a_sentence(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text("import torch\nw = torch.ones(2, requires_grad=True)\nx = w * data\nloss = x.sum()\n")
    with started(tmp_path / "solutions.py", lesson=str(script)) as real:
        reason = real.event(Failed).reason
    assert "data" in reason
    assert "\n" not in reason


# Judging


def test_the_lesson_s_own_answer_passes_exactly(names: RealBackend) -> None:
    judged = names.judged("probs", ANSWERS["probs"])
    verdict = judged.verdict
    assert (verdict.status, verdict.exact, verdict.approximate, verdict.maxdiff) == (Status.PASS, True, True, 0.0)
    assert verdict.shape == verdict.expected_shape == (32, 27)
    assert verdict.probe == "holds for any upstream"
    assert judged.own_upstream == frozenset()


def test_a_wrong_and_a_rounded_answer(names: RealBackend) -> None:
    wrong = names.verdict("probs", "dprobs = dlogprobs")
    assert (wrong.status, wrong.exact, wrong.approximate, wrong.shape) == (Status.FAIL, False, False, (32, 27))
    assert wrong.maxdiff is not None
    rounded = names.verdict("probs", "dprobs = dlogprobs / probs")
    assert (rounded.status, rounded.approximate) == (Status.PASS, True)


@pytest.mark.parametrize(
    ("node", "code", "kind", "message"),
    [
        ("probs", "dprobs = -(1.0 / probs) * dlogprobs", "sign", ""),
        ("logprobs", "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -1.0", "scale", ""),
        ("counts_sum_inv", "dcounts_sum_inv = counts * dprobs", "not-summed", ""),
        ("h", "dh = h.grad", "reads-grad", ""),
        ("h", "dh = dlogits @ W2", "transposed", "the inner sizes do not meet"),
        ("h", "dh = dlogits @ W2", "transposed", "operands: W2 (64, 27), dlogits (32, 27); dh must be (32, 64)"),
        ("h", "dh = dlogits[:5] * W2", "elementwise-for-matmul", "operands: W2 (64, 27), dlogits (32, 27); dh must"),
    ],
)
def test_a_verdict_names_the_kind_of_mistake(names: RealBackend, node: str, code: str, kind: str, message: str) -> None:
    diagnosis = names.verdict(node, code).diagnosis
    assert diagnosis is not None
    assert diagnosis.kind == kind
    assert message in diagnosis.message


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("dprobs = no_such_name * 2", "NameError: name 'no_such_name' is not defined"),
        ("dprobs = probs @ dlogprobs", "RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
        ("dprobs = 'text'", "dprobs is of type str, not a tensor of shape (32, 27)"),
        ("x = 1\ndprobs = x / 0", "line 2: ZeroDivisionError: division by zero"),
        (f'raise ValueError("{TAGS}")\ndprobs = 0', f"ValueError: {TAGS}"),
        (f'dprobs = {{}}["{TAGS}"]', f"KeyError: '{TAGS}'"),
        ('dprobs = eval("[/red] [")', "SyntaxError"),
    ],
)
def test_an_answer_that_raises_is_an_error_with_python_s_message(names: RealBackend, code: str, error: str) -> None:
    verdict = names.verdict("probs", code)
    assert (verdict.status, verdict.shape) == (Status.ERROR, None)
    assert verdict.error is not None
    assert error in verdict.error


def test_another_shape_is_in_the_verdict(names: RealBackend) -> None:
    scalar = names.verdict("probs", "dprobs = probs.sum()")
    assert (scalar.status, scalar.shape) == (Status.FAIL, ())
    broadcasts = names.verdict("bnbias", "dbnbias = dhpreact.sum(0)")
    assert (broadcasts.status, broadcasts.shape, broadcasts.expected_shape) == (Status.PASS, (64,), (1, 64))
    assert (broadcasts.exact, broadcasts.approximate, broadcasts.maxdiff) == (True, True, 0.0)
    assert Warning.SHAPE in broadcasts.warnings


def test_each_path_of_a_node_with_two_readers(names: RealBackend) -> None:
    paths = names.verdict("counts", "dcounts = counts_sum_inv * dprobs").paths
    assert {path.consumer: path.present for path in paths} == {("counts_sum",): False, ("probs",): True}
    assert names.verdict("counts", ANSWERS["counts"]).passed


@pytest.mark.parametrize(
    ("node", "code", "warning", "probe"),
    [
        (
            "counts_sum_inv",
            "dcounts_sum_inv = (counts * dprobs)[range(n), Yb].reshape(n, 1)",
            Warning.STRUCTURE,
            "right here, leans on the sparsity of dprobs",
        ),
        (
            "logits",
            "dlogits = F.softmax(logits, 1)\ndlogits[range(n), Yb] -= 1\ndlogits /= n",
            Warning.CLOSED_FORM,
            "closed form: needs none of its consumers' gradients",
        ),
    ],
)
def test_for_which_upstream_an_answer_holds(
    names: RealBackend, node: str, code: str, warning: Warning, probe: str
) -> None:
    verdict = names.verdict(node, code)
    assert verdict.passed
    assert warning in verdict.warnings
    assert verdict.probe is not None
    assert probe in verdict.probe


def test_what_an_answer_prints_and_the_gradient_of_the_loss_is_one(names: RealBackend) -> None:
    code = "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -dloss / n\nprint(dloss)"
    verdict = names.verdict("logprobs", code)
    assert verdict.exact
    assert verdict.output.startswith("tensor(1.")
    assert names.verdict("counts", f"{ANSWERS['counts']}\nprint('sum', 6 * 7)").output.strip() == "sum 42"
    assert TAGS in names.verdict("probs", f'print("{TAGS}")\ndprobs = dlogprobs').output


def test_upstream_gradients_are_the_person_s_as_far_as_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    wrong = f"{ANSWERS['logprobs']}\ndlogprobs *= 2"

    def judged(real: RealBackend, upstream: Upstream, verdicts: Mapping[str, Verdict]) -> Judged:
        real.backend.prepare("probs", upstream, verdicts)
        return real.judged("probs", ANSWERS["probs"])

    with started(path) as real:
        real.event(Opened)
        for code, whose in (
            (ANSWERS["logprobs"], {Upstream.PASSING: True, Upstream.YOURS: True, Upstream.REFERENCE: False}),
            (wrong, {Upstream.PASSING: False, Upstream.YOURS: True, Upstream.REFERENCE: False}),
        ):
            real.backend.save("logprobs", SavedAnswer(code), NODES)
            verdicts = {"logprobs": real.verdict("logprobs", code)}
            for upstream, own in whose.items():
                event = judged(real, upstream, verdicts)
                assert event.own_upstream == ({"logprobs"} if own else set()), upstream
                assert event.verdict.exact is not (own and code == wrong), upstream
        assert event.verdict.passed


def test_a_right_answer_behind_a_wrong_one_is_off_in_training(tmp_path: Path) -> None:
    wrong = "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -1.0"
    with started(tmp_path / "solutions.py") as real:
        real.event(Opened)
        real.backend.save("logprobs", SavedAnswer(wrong), NODES)
        real.backend.prepare("probs", Upstream.PASSING, {})
        verdict = real.verdict("probs", ANSWERS["probs"])
    assert verdict.passed
    assert verdict.adrift


# Views


def viewed(names: RealBackend, tensor: str, view: View, *slices: int | Slice) -> Viewed:
    request = ViewRequest(tensor, view, slices, Frame(30, 0, 4, 3, 8, 9))
    names.backend.view(request)
    event = names.event(Viewed)
    assert event.request == request
    return event


def test_views_of_a_tensor_have_the_form_of_the_fake_s(names: RealBackend) -> None:
    view = viewed(names, "emb", View.VALUE).tensor_view
    frame = Frame(30, 0, 4, 3, 8, 9)
    assert view.summary is not None
    assert (view.summary.shape, view.summary.dtype, view.summary.non_finite) == ((32, 3, 10), "float32", 0)
    assert view.summary.statistics is not None
    assert [len(row) for row in view.heatmap] == [len(row) for row in heatmap_of((32, 3, 10), frame)]
    window, canned = view.window, window_of((32, 3, 10), frame, None)
    assert window is not None
    assert (window.row, window.column) == (canned.row, canned.column)
    assert [len(row) for row in window.values] == [len(row) for row in canned.values]
    assert (view.worst, view.error) == (None, None)


def test_a_poke_moves_the_loss_and_the_person_s_gradient_predicts_it(names: RealBackend) -> None:
    def poked(tensor: str, gradient: View, *index: int) -> Poke:
        request = PokeRequest(tensor, index, gradient)
        names.backend.poke(request)
        event = names.event(Poked)
        assert event.request == request
        return event.poke

    assert poked("bnvar_inv", View.YOURS, 0, 3).predicted is None
    by_autograd = poked("counts", View.AUTOGRAD, 3, 5)
    assert by_autograd.predicted == pytest.approx(by_autograd.change, rel=0.01)
    names.verdict("counts", ANSWERS["counts"].replace("dcounts +=", "dcounts -="))
    by_person = poked("counts", View.YOURS, 3, 5)
    assert by_person.predicted is not None
    assert by_person.change == by_autograd.change
    assert by_person.predicted != pytest.approx(by_person.change, rel=0.01)
    assert poked("Xb", View.YOURS, 0, 0).refusal is not None
    assert poked("torch", View.YOURS).refusal is not None


def test_the_prompt_and_the_view_name_the_same_worst_element(names: RealBackend) -> None:
    """A whole row is off by the same, up to rounding."""
    diagnosis = names.verdict("logits", "dlogits = dnorm_logits + logit_maxes.sin()").diagnosis
    assert diagnosis is not None
    assert "farthest the one at" in diagnosis.message
    worst = viewed(names, "logits", View.DIFFERENCE).tensor_view.worst
    assert worst is not None
    assert f"farthest the one at {list(worst.index)}" in diagnosis.message


def test_views_of_slices(names: RealBackend) -> None:
    for slices, shape in (((3, Slice()), (3, 10)), ((-1, Slice(0, 2), Slice(step=3)), (2, 4))):
        view = viewed(names, "emb", View.VALUE, *slices).tensor_view
        assert view.summary is not None
        assert view.summary.shape == shape
    for wrong in ((99,), (99, 99)):
        view = viewed(names, "emb", View.VALUE, *wrong).tensor_view
        assert (view.summary, view.window) == (None, None)
        assert view.error is not None
        assert "out of" in view.error


def test_views_of_the_person_s_gradient_and_its_difference(names: RealBackend) -> None:
    assert viewed(names, "bnvar", View.YOURS).tensor_view.summary is None
    names.verdict("probs", f"{ANSWERS['probs']}\ndprobs[7, 13] += 0.5")
    assert viewed(names, "probs", View.YOURS).tensor_view.worst is None
    difference = viewed(names, "probs", View.DIFFERENCE).tensor_view
    assert difference.worst is not None
    assert (difference.worst.index, difference.worst.size) == ((7, 13), 0.5)
    assert difference.summary is not None
    assert difference.summary.statistics is not None
    assert difference.summary.statistics.maximum == 0.5
    names.verdict("probs", ANSWERS["probs"])
    mended = viewed(names, "probs", View.DIFFERENCE).tensor_view
    assert mended.worst is None
    assert mended.summary is not None
    assert mended.summary.zeros == 1.0
    assert viewed(names, "probs", View.AUTOGRAD).tensor_view.summary is not None
