"""The content of the bundled lessons: what each is, in numbers and names, and that its parts fit together."""

from __future__ import annotations

import ast
import math
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from ninja_tui.lesson import words
from ninja_tui.lesson.model import Cell, Lesson
from ninja_tui.lesson.read import lesson_names, read_lesson
from ninja_tui.lesson.solutions import bundled_answers
from ninja_tui.lesson.words import EVERY_LIST, read_words
from tests.helpers import WALK, names_lesson, pasteable, replay_json, right_answers, some_names

OTHERS = ["batchnorm", "cross-entropy", "dinosaurs", "train"]
NETWORKS = ["attention", "conv1d", "layernorm", "micrograd", "rmsnorm", "rnn"]
"""Lessons on other networks than the lecture's."""
TRAINING = ["conv1d", "dinosaurs", "names", "rnn", "train"]
"""The lessons that say how to sample."""
CALIBRATED = ["dinosaurs", "names", "train"]
"""Those of them that need statistics of the training set for it."""
CALLED_OTHERWISE = {"embcat": "emb_concat", "bngain": "batchn_gain", "bnbias": "batchn_bias"}
ASKS = {
    "batchnorm": ["hprebn"],
    "cross-entropy": ["logits"],
    "dinosaurs": [CALLED_OTHERWISE.get(node, node) for node in WALK],
    "train": "logits h W2 b2 hpreact bngain bnbias hprebn embcat W1 b1 emb C".split(),  # noqa: SIM905
    "attention": (
        "logits out Wo outh wei vh counts_sum counts masked scores qh kh v k q Wv Wk x Wq tok P C".split()  # noqa: SIM905
    ),
    "conv1d": "logits hcat W2 b2 h conv cols Wc bc win emb C".split(),  # noqa: SIM905
    "layernorm": "err pred h W2 b2 hnorm gain norm bias var_inv var diff2 diff mu hpre W1 b1".split(),  # noqa: SIM905
    "micrograd": "err out o n2 av b2 a v n1 s b1 x1w1 x2w2 w2 w1".split(),  # noqa: SIM905
    "rmsnorm": "err pred h W2 sig hnorm gain norm rms_inv ms hsq hpre W1".split(),  # noqa: SIM905
    "rnn": "logits h3 Why by a3 h2 a2 h1 a1 emb Wxh h0 Whh bh C".split(),  # noqa: SIM905
}
TO_LOGITS = "emb embcat hprebn bnmeani bndiff bndiff2 bnvar bnvar_inv bnraw hpreact h logits loss".split()  # noqa: SIM905
FORWARD = {
    "batchnorm": TO_LOGITS,
    "cross-entropy": TO_LOGITS,
    "dinosaurs": [CALLED_OTHERWISE.get(s.binds[0], s.binds[0]) for s in names_lesson().statements],
    "train": "emb embcat hprebn bnmean bnvar bnvar_inv bnraw hpreact h logits loss".split(),  # noqa: SIM905
    "attention": "tok x q k v qh kh vh scores masked counts counts_sum wei outh out logits loss".split(),  # noqa: SIM905
    "conv1d": "emb win cols conv h hcat logits loss".split(),  # noqa: SIM905
    "layernorm": "hpre mu diff diff2 var var_inv norm hnorm h pred err loss".split(),  # noqa: SIM905
    "micrograd": "x1w1 x2w2 s n1 a av n2 o out err loss".split(),  # noqa: SIM905
    "rmsnorm": "hpre hsq ms rms_inv norm hnorm sig h pred err loss".split(),  # noqa: SIM905
    "rnn": "emb a1 h1 a2 h2 a3 h3 logits loss".split(),  # noqa: SIM905
}
HPREACT = (
    "bngain * (hprebn - hprebn.mean(0, keepdim=True)) "
    "/ torch.sqrt(hprebn.var(0, keepdim=True, unbiased=True) + 1e-5) + bnbias"
)


@pytest.fixture(scope="module", autouse=True)
def few_words() -> Iterator[None]:
    """A twentieth of the names in the place of all, so that a script runs fast; the dinosaurs as they are."""
    words.serve("names.txt", some_names())
    yield
    words._served.pop("names.txt")


@pytest.fixture(scope="module", params=["names", *OTHERS, *NETWORKS])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def lesson(name: str) -> Lesson:
    return read_lesson(name)


@pytest.fixture(scope="module")
def script(lesson: Lesson) -> dict[str, Any]:
    """What the lesson's forward.py binds when it is run as a script."""
    return runpy.run_path(str(lesson.path))


def after_forward(lesson: Lesson) -> dict[str, Any]:
    """What the cells up to the forward pass bind: in a script the later cells bind some names anew."""
    bound: dict[str, Any] = {}
    for cell in (lesson.setup, lesson.minibatch, lesson.forward):
        exec(cell.source, bound)
    return bound


def sizes(lesson: Lesson, bound: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(bound[name].shape) for name in lesson.parameters}


def test_the_lessons_are_all_there() -> None:
    assert sorted(lesson_names()) == sorted(["names", *OTHERS, *NETWORKS])


def test_it_runs_as_a_plain_script(script: dict[str, Any]) -> None:
    assert math.isfinite(script["loss"].item())
    if "vocab_size" in script:  # an untrained network is little better, or worse, than a uniform guess
        assert abs(script["loss"].item() - math.log(script["vocab_size"])) < 0.5


@pytest.mark.parametrize("other", [*OTHERS, *NETWORKS])
def test_statements_and_nodes_are_the_lectures_in_its_order(other: str) -> None:
    lesson = read_lesson(other)
    assert [statement.binds for statement in lesson.statements] == [(bound,) for bound in FORWARD[other]]
    assert list(lesson.asks) == ASKS[other]


def test_what_is_asked_comes_in_walk_order(lesson: Lesson) -> None:
    assert [node.name for node in lesson.nodes if node.name in lesson.asks] == list(lesson.asks)


@pytest.mark.parametrize("other", ["batchnorm", "cross-entropy"])
def test_the_exercises_in_one_go_are_about_the_same_network_and_minibatch(other: str) -> None:
    ours, theirs = after_forward(read_lesson(other)), after_forward(names_lesson())
    same = ["ix", "Xb", "Yb", "seed", "n", *names_lesson().parameters, "bnraw", "bnvar_inv"]
    assert [name for name in same if not torch.equal(torch.as_tensor(ours[name]), torch.as_tensor(theirs[name]))] == []
    assert ours["loss"].item() == pytest.approx(theirs["loss"].item(), rel=1e-6)


def test_cross_entropy_is_names_up_to_the_logits_and_one_statement() -> None:
    lesson = read_lesson("cross-entropy")
    up_to = [s.code for s in names_lesson().statements][:12]
    assert [s.code for s in lesson.statements] == [*up_to, "loss = F.cross_entropy(logits, Yb)"]


def test_batchnorm_is_one_statement_and_the_chunks_beside_it_are_no_consumers() -> None:
    lesson = read_lesson("batchnorm")
    (hpreact,) = [s for s in lesson.statements if s.binds == ("hpreact",)]
    assert ast.unparse(ast.parse(hpreact.code)) == ast.unparse(ast.parse(f"hpreact = {HPREACT}"))
    assert lesson.node("hprebn").consumers == (hpreact.index,)
    assert lesson.upstream(lesson.node("hprebn")) == ("hpreact",)
    assert "bnraw" not in [node.name for node in lesson.nodes]


def test_train_has_its_parameters_rates_and_steps() -> None:
    lesson = read_lesson("train")
    bound = after_forward(lesson)
    assert sizes(lesson, bound) == {
        "C": (27, 10),
        "W1": (30, 200),
        "b1": (200,),
        "W2": (200, 27),
        "b2": (27,),
        "bngain": (1, 200),
        "bnbias": (1, 200),
    }
    assert sum(parameter.nelement() for parameter in bound["parameters"]) == 12_297
    assert (bound["batch_size"], bound["n"], bound["steps"]) == (32, 32, 200_000)
    assert [bound["learning_rate"](step) for step in (0, 99_999, 100_000, 199_999)] == [0.1, 0.1, 0.01, 0.01]


@pytest.mark.parametrize("trains", TRAINING)
def test_the_rate_falls_in_the_middle_however_many_steps_there_are(trains: str) -> None:
    bound = after_forward(read_lesson(trains))
    bound["steps"] = 10
    assert [bound["learning_rate"](step) for step in range(10)] == [0.1] * 5 + [0.01] * 5


def test_dinosaurs_is_names_with_other_words_and_a_small_output_layer() -> None:
    lesson = read_lesson("dinosaurs")
    bound = after_forward(lesson)
    renamed = names_lesson().forward.source
    for old, new in CALLED_OTHERWISE.items():
        renamed = renamed.replace(old, new)
    assert lesson.forward.source == renamed
    assert list(sizes(lesson, bound).values()) == [(27, 10), (30, 64), (64,), (64, 27), (27,), (1, 64), (1, 64)]
    g = torch.Generator().manual_seed(bound["seed"])
    drawn = {"C": torch.randn((27, 10), generator=g)}
    drawn["W1"] = torch.randn((30, 64), generator=g) * (5 / 3) / (30**0.5)
    drawn |= {key: torch.randn(size, generator=g) * 0.01 for key, size in (("b1", 64), ("W2", (64, 27)), ("b2", 27))}
    assert [key for key, value in drawn.items() if not torch.equal(value, bound[key])] == []


def test_a_convolution_by_hand_is_pytorchs() -> None:
    bound = after_forward(read_lesson("conv1d"))
    weight = bound["Wc"].T.view(bound["n_filters"], bound["n_embd"], bound["kernel_size"])
    theirs = F.conv1d(bound["emb"].transpose(1, 2), weight, bound["bc"]).transpose(1, 2)
    assert torch.allclose(bound["conv"], theirs, atol=1e-5)


def test_a_recurrent_network_unrolled_is_pytorchs() -> None:
    bound = after_forward(read_lesson("rnn"))
    cell = torch.nn.RNN(bound["n_embd"], bound["n_hidden"], batch_first=True)
    parts = {"weight_ih_l0": "Wxh", "weight_hh_l0": "Whh", "bias_ih_l0": "bh"}
    state = {name: bound[ours].t() for name, ours in parts.items()}
    cell.load_state_dict({**state, "bias_hh_l0": torch.zeros_like(bound["bh"])})
    states, _ = cell(bound["emb"], bound["h0"].expand(1, bound["n"], -1).contiguous())
    assert torch.allclose(torch.stack([bound["h1"], bound["h2"], bound["h3"]], 1), states, atol=1e-5)


def test_rmsnorm_and_silu_by_hand_are_pytorchs() -> None:
    bound = after_forward(read_lesson("rmsnorm"))
    normed = F.rms_norm(bound["hpre"], (bound["n_hidden"],), bound["gain"], bound["eps"])
    assert torch.allclose(bound["hnorm"], normed, atol=1e-5)
    assert torch.allclose(bound["h"], F.silu(normed), atol=1e-5)


def test_two_heads_by_hand_are_pytorchs_attention() -> None:
    bound = after_forward(read_lesson("attention"))
    theirs = F.scaled_dot_product_attention(bound["qh"], bound["kh"], bound["vh"], is_causal=True)
    assert torch.allclose(bound["outh"], theirs, atol=1e-5)
    halves = [bound["out"][:, :, :6], bound["out"][:, :, 6:]]
    assert all(torch.equal(half, bound["outh"][:, head]) for head, half in enumerate(halves))


def test_the_gradient_fades_on_its_way_back_through_time() -> None:
    bound = after_forward(read_lesson("rnn"))
    third, second, first = (
        gradient.norm() for gradient in torch.autograd.grad(bound["loss"], [bound[name] for name in ("h3", "h2", "h1")])
    )
    assert second < 0.8 * third
    assert first < 0.8 * second


def test_dinosaurs_are_split_by_torch_with_seed_42() -> None:
    bound = after_forward(read_lesson("dinosaurs"))
    names = read_words("dinosaurs.txt")
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(42)).tolist()
    n1, n2 = int(0.8 * len(names)), int(0.9 * len(names))
    parts = {"Xtr": order[:n1], "Xdev": order[n1:n2], "Xte": order[n2:]}
    assert [list(bound[part].shape) for part in parts] == [
        [sum(len(names[index]) + 1 for index in indices), 3] for indices in parts.values()
    ]
    first = [bound["itos"][int(ix)] for ix in bound["Ytr"][: len(names[order[0]])]]
    assert "".join(first) == names[order[0]]


def test_the_bundled_dinosaurs_are_sorted_genera_in_small_letters() -> None:
    text = words.data_file("dinosaurs.txt").read_text(encoding="ascii")
    names = text.splitlines()
    assert text == "\n".join(names) + "\n"
    assert len(names) >= 800
    assert names == sorted(set(names))
    assert set("".join(names)) == {chr(code) for code in range(ord("a"), ord("z") + 1)}
    assert {"tyrannosaurus", "triceratops", "stegosaurus", "velociraptor", "diplodocus", "yi"} <= set(names)
    assert not {"pteranodon", "plesiosaurus", "dimetrodon", "ichthyosaurus"} & set(names)


# Notes


def test_the_notes_begin_with_what_is_done_in_a_short_sentence(lesson: Lesson) -> None:
    first = lesson.notes.intro.partition(". ")[0]
    assert "gradient" in first
    assert "`" not in first
    assert len(first) <= 90


def test_notes_cover_every_statement_the_turn_and_what_is_asked(lesson: Lesson) -> None:
    notes = lesson.notes
    assert list(notes.forward) == [name for statement in lesson.statements for name in statement.binds]
    assert list(notes.backward) == list(lesson.asks)
    assert all([notes.intro, notes.turn, *notes.forward.values()])
    for note in notes.backward.values():
        assert all([note.shape, note.why, note.notice])
        assert note.unknown == ()
        assert len(set(note.hints)) == len(note.hints) == 3
        assert all(note.hints)


def test_no_hint_can_be_pasted(lesson: Lesson) -> None:
    assert {node: found for node, n in lesson.notes.backward.items() if (found := pasteable(n.hints, node))} == {}


def test_notes_speak_of_what_the_lesson_has(lesson: Lesson, script: dict[str, Any]) -> None:
    notes = lesson.notes
    texts = [notes.turn, *notes.forward.values()]
    texts += [text for n in notes.backward.values() for text in (n.shape, *n.hints, n.why, n.notice)]
    spans = {span for text in texts for span in text.split("`")[1::2] if span.isidentifier()}
    known = {*script, *lesson_names(), *(f"d{node.name}" for node in lesson.nodes), "dloss"}
    others = {
        "exp",
        "mean",
        "index_add_",
        "index_put_",
        "one_hot",
        "range",
        "allclose",
        "keepdim",
        "clone",
        "masked_fill",
        "transpose",
        "unfold",
        "view",
        "flatten",
        "reshape",
        "exact",
        "approximate",
    }
    statements = {s.binds[0] for s in names_lesson().statements}  # the chunks that a fused lesson compares itself with
    assert spans - known - others - statements == set()


# Solutions


def answered(report: dict[str, Any]) -> list[dict[str, Any]]:
    (lesson,) = report["files"][0]["lessons"]
    nodes: list[dict[str, Any]] = lesson["nodes"]
    return nodes


@pytest.mark.processes
@pytest.mark.parametrize("other", [*OTHERS, *NETWORKS])
def test_a_lessons_own_solution_passes_its_replay(
    other: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson = read_lesson(other)
    assert lesson.solution is not None
    data = tmp_path / "some-names.txt"
    data.write_text(some_names(), encoding="utf-8")
    options = [] if other == "dinosaurs" else ["--data", str(data)]
    exact = other in ("dinosaurs", "layernorm", "micrograd", "rmsnorm")
    code, report = replay_json(lesson.solution, capsys, *options)
    nodes = answered(report)
    assert [(node["node"], node["status"], node["approximate"]) for node in nodes] == [
        (node, "pass", True) for node in lesson.asks
    ]
    assert code == 0
    if exact:
        assert [node["node"] for node in nodes if not node["exact"]] == []
    else:
        assert max(node["maxdiff"] for node in nodes) < (1e-7 if other in ("train", "conv1d", "rnn") else 1e-8)


TEXTBOOK = {"names": ["hpreact"], "dinosaurs": ["hpreact"], "train": ["hpreact"], "micrograd": ["n2", "n1"]}


@pytest.mark.processes
@pytest.mark.parametrize("other", TEXTBOOK)
def test_the_form_that_people_know_passes_as_well(
    other: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    textbook = read_lesson(other).textbook
    assert textbook is not None
    data = tmp_path / "some-names.txt"
    data.write_text(some_names(), encoding="utf-8")
    _, report = replay_json(textbook, capsys, *([] if other == "dinosaurs" else ["--data", str(data)]))
    found = {node["node"]: (node["status"], node["approximate"]) for node in answered(report)}
    assert {node: each for node, each in found.items() if each[0] != "missing"} == dict.fromkeys(
        TEXTBOOK[other], ("pass", True)
    )


def test_the_form_that_people_know_leads_and_the_exact_one_comes_after_it() -> None:
    forms = bundled_answers(names_lesson())
    assert forms["hpreact"] == ("dhpreact = (1.0 - h**2) * dh", right_answers()["hpreact"])
    assert forms["probs"] == (right_answers()["probs"],)
    assert [name for name in lesson_names() if read_lesson(name).textbook] == sorted(TEXTBOOK, key=lesson_names().index)


@pytest.mark.processes
def test_capitals_of_a_csv_are_characters_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [name.capitalize() for name in read_words("dinosaurs.txt")[::20]]
    data = tmp_path / "dinosaur.csv"
    data.write_text("Name,Period\n" + "".join(f"{name},Jurassic\n" for name in names), encoding="utf-8")
    solution = read_lesson("dinosaurs").solution
    assert solution is not None
    code, report = replay_json(solution, capsys, "--data", str(data))
    shapes = {node["node"]: node["expected_shape"] for node in answered(report)}
    size = len(set("".join(names))) + 1
    assert (code, len(shapes), shapes["b2"], shapes["C"]) == (0, 26, [size], [size, 10])
    assert size > 27


def test_a_persons_list_stands_for_whichever_list_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_served", {})
    words.serve(EVERY_LIST, "rex\nyi")
    assert read_words("names.txt") == read_words("dinosaurs.txt") == ["rex", "yi"]
    words.serve("names.txt", "emma\nava")
    assert (read_words("names.txt"), read_words("dinosaurs.txt")) == (["emma", "ava"], ["rex", "yi"])


# Calibrating and predicting


def test_only_the_lessons_that_train_say_how_to_sample(lesson: Lesson) -> None:
    assert (lesson.predict is not None) == (lesson.name in TRAINING)
    assert (lesson.calibrate is not None) == (lesson.name in CALIBRATED)


def ran(cell: Cell | None, bound: dict[str, Any]) -> dict[str, Any]:
    """``bound``, and what the cell binds, where there is one."""
    if cell is None:
        return bound
    after = dict(bound)
    exec(cell.source, after)
    return after


@pytest.mark.parametrize("trains", TRAINING)
def test_predict_gives_logits_for_one_context_and_for_many(trains: str) -> None:
    lesson = read_lesson(trains)
    bound = ran(lesson.setup, {})
    needed = {"itos", "block_size", "vocab_size", "Xtr", "Ytr", "Xdev", "Ydev", "steps", "learning_rate"}
    assert needed <= bound.keys()
    with torch.no_grad():
        bound = ran(lesson.calibrate, bound)
        if trains in CALIBRATED:
            assert bound["bnmean"].shape == bound["bnvar"].shape == (1, bound["n_hidden"])
        contexts = bound["Xdev"][:50]
        rows = ran(lesson.predict, bound | {"context": contexts})["logits"]
        for row, context in zip(rows, contexts, strict=True):
            alone = ran(lesson.predict, bound | {"context": context.tolist()})["logits"]
            assert alone.shape == (1, bound["vocab_size"])
            assert torch.allclose(alone[0], row, atol=1e-5)


@pytest.mark.parametrize("trains", TRAINING)
def test_predicting_the_training_set_is_its_forward_pass(trains: str) -> None:
    lesson = read_lesson(trains)
    bound = ran(lesson.setup, {})
    everything = {"Xb": bound["Xtr"], "Yb": bound["Ytr"], "n": bound["Xtr"].shape[0]}
    with torch.no_grad():
        forward = ran(lesson.forward, bound | everything)
        predicted = ran(lesson.predict, ran(lesson.calibrate, bound) | {"context": bound["Xtr"]})
    assert torch.allclose(predicted["logits"], forward["logits"], atol=1e-4)
