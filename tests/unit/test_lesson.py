from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ninja_tui.errors import UsageError
from ninja_tui.lesson.graph import nodes_of, statements_of
from ninja_tui.lesson.model import Node, Statement
from ninja_tui.lesson.read import lesson_names, read_folder, read_lesson
from ninja_tui.lesson.words import data_file, read_words
from tests.helpers import NAMES, WALK, is_code, names_lesson, pasteable

FORWARD = [
    "emb",
    "embcat",
    "hprebn",
    "bnmeani",
    "bndiff",
    "bndiff2",
    "bnvar",
    "bnvar_inv",
    "bnraw",
    "hpreact",
    "h",
    "logits",
    "logit_maxes",
    "norm_logits",
    "counts",
    "counts_sum",
    "counts_sum_inv",
    "probs",
    "logprobs",
    "loss",
]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What the names lesson's forward.py binds when it is run as a script."""
    return runpy.run_path(str(NAMES / "forward.py"))


def forward(source: str) -> tuple[Statement, ...]:
    return statements_of(source, 1, "forward.py")


def walk(source: str, *parameters: str) -> list[str]:
    return [node.name for node in nodes_of(forward(source), parameters)]


# The names lesson


def test_names_has_twenty_statements_in_the_lectures_order() -> None:
    lesson = names_lesson()
    assert [statement.binds for statement in lesson.statements] == [(name,) for name in FORWARD]
    assert lesson.loss == "loss"


def test_names_has_twenty_six_nodes_in_the_lectures_order() -> None:
    lesson = names_lesson()
    assert [node.name for node in lesson.nodes] == WALK
    assert list(lesson.asks) == WALK


def test_statements_know_their_lines_in_the_file() -> None:
    lesson = names_lesson()
    lines = (NAMES / "forward.py").read_text(encoding="utf-8").split("\n")
    assert [lines[s.line - 1 : s.end_line] for s in lesson.statements] == [
        s.code.split("\n") for s in lesson.statements
    ]


def test_parameters_are_nodes_that_no_statement_binds() -> None:
    lesson = names_lesson()
    assert {node.name for node in lesson.nodes if node.statement is None} == {
        *("C", "W1", "b1", "W2", "b2", "bngain", "bnbias")
    }


@pytest.mark.parametrize(
    ("node", "upstream"),
    [
        ("logprobs", ("loss",)),
        ("counts", ("probs", "counts_sum")),
        ("logits", ("norm_logits", "logit_maxes")),
        ("bndiff", ("bnraw", "bndiff2")),
        ("hprebn", ("bndiff", "bnmeani")),
        ("C", ("emb",)),
    ],
)
def test_upstream_of_a_node_is_what_its_readers_bind(node: str, upstream: tuple[str, ...]) -> None:
    lesson = names_lesson()
    assert set(lesson.upstream(lesson.node(node))) == set(upstream)


def test_a_name_that_is_no_node_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        names_lesson().node("loss")


def test_names_is_among_the_lessons_and_another_is_refused_by_name() -> None:
    assert "names" in lesson_names()
    with pytest.raises(UsageError, match=r"no lesson `nemas`.*names"):
        read_lesson("nemas")


@pytest.mark.processes
def test_forward_runs_as_a_plain_script(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(NAMES / "forward.py")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_parameters_and_minibatch_are_drawn_as_in_the_lecture(script: dict[str, Any]) -> None:
    g = torch.Generator().manual_seed(2147483647)
    drawn = {
        "C": torch.randn((27, 10), generator=g),
        "W1": torch.randn((30, 64), generator=g) * (5 / 3) / (30**0.5),
        "b1": torch.randn(64, generator=g) * 0.1,
        "W2": torch.randn((64, 27), generator=g) * 0.1,
        "b2": torch.randn(27, generator=g) * 0.1,
    }
    drawn["ix"] = torch.randint(0, script["Xtr"].shape[0], (32,), generator=g)
    assert {name for name, value in drawn.items() if not torch.equal(value, script[name])} == set()
    assert script["bngain"].shape == script["bnbias"].shape == (1, 64)
    # near 1 and 0, but on neither: a gradient that leaves one out must show
    assert (script["bngain"] - 1).abs().max() < 1
    assert not torch.any(script["bngain"] == 1)
    assert not torch.any(script["bnbias"] == 0)


def test_words_are_split_by_words_eighty_ten_ten(script: dict[str, Any]) -> None:
    words = script["words"]
    examples = [sum(len(word) + 1 for word in part) for part in (words[: script["n1"]], words[script["n2"] :])]
    assert [script["Xtr"].shape[0], script["Xte"].shape[0]] == examples
    assert sorted(words) == sorted(read_words("names.txt"))
    assert words != read_words("names.txt")


def test_the_bundled_list_has_all_names_and_a_vocabulary_of_letters() -> None:
    words = read_words("names.txt")
    assert len(words) == 32_257
    assert sorted(set("".join(words))) == [chr(code) for code in range(ord("a"), ord("z") + 1)]
    assert data_file("names.txt").is_file()


# Notes


def test_notes_cover_every_statement_and_the_turn() -> None:
    notes = names_lesson().notes
    assert list(notes.forward) == FORWARD
    assert all(notes.forward.values())
    assert "chain rule" in notes.turn
    assert notes.intro


def test_notes_have_a_card_for_every_node_in_walk_order() -> None:
    assert list(names_lesson().notes.backward) == WALK


@pytest.mark.parametrize("node", WALK)
def test_a_card_is_complete(node: str) -> None:
    note = names_lesson().notes.backward[node]
    assert all([note.shape, note.why, note.notice])
    assert len(note.hints) == 3
    assert all(note.hints)
    assert len(set(note.hints)) == 3


@pytest.mark.parametrize("node", WALK)
def test_no_hint_can_be_pasted(node: str) -> None:
    assert pasteable(names_lesson().notes.backward[node].hints, node) == []


@pytest.mark.parametrize(
    ("span", "code"),
    [
        *(("counts", False), ("torch.zeros_like", False), ("index_add_", False)),
        *(("a = 1", True), ("-a", True), ("a * b", True), ("a.sum(0)", True), ("a[0]", True), ("a @", True)),
    ],
)
def test_what_counts_as_code_in_a_hint(span: str, code: bool) -> None:
    assert is_code(span) is code


# The graph


def test_inputs_of_a_statement_come_in_the_order_in_which_they_are_read() -> None:
    assert walk("y = b + a * c\nloss = y.sum()", "a", "b", "c") == ["y", "b", "a", "c"]


def test_the_walk_follows_the_order_of_statements() -> None:
    left, right = "p = a.exp()", "q = a.log() * b"
    assert walk(f"{left}\n{right}\nloss = (p + q).sum()", "a", "b") == ["p", "q", "b", "a"]
    assert walk(f"{right}\n{left}\nloss = (p + q).sum()", "a", "b") == ["p", "q", "a", "b"]


def test_a_node_waits_for_all_its_readers() -> None:
    source = "h = x @ W\nu = h * 2\nv = h + u\nloss = v.mean()"
    assert walk(source, "W") == ["v", "u", "h", "W"]


def test_what_depends_on_no_parameter_is_no_node() -> None:
    assert walk("k = torch.arange(3)\ny = w * k\nloss = y.sum()", "w") == ["y", "w"]


def test_a_statement_that_reads_a_tensor_twice_is_one_consumer() -> None:
    (y, w) = nodes_of(forward("y = w * w\nloss = y.sum()"), ["w"])
    assert (y, w) == (Node("y", 0, (1,)), Node("w", None, (0,)))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("y = w\nprint(y)\nloss = y", "line 2"),
        ("y = w\ny = y * 2\nloss = y", "line 2 binds `y` again (first in line 1)"),
        ("y = (w\nloss = y", "line 1"),
        ("y += 1", "line 1"),
        ("", "empty"),
    ],
)
def test_a_forward_pass_that_is_none_is_refused_with_its_line(source: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        forward(source)


@st.composite
def forward_passes(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Straight-line code over a few parameters: every statement reads some of what is there."""
    parameters = [f"w{number}" for number in range(draw(st.integers(1, 4)))]
    known = [*parameters, "x"]
    lines = []
    for number in range(draw(st.integers(1, 12))):
        inputs = draw(st.lists(st.sampled_from(known), min_size=1, max_size=4))
        lines.append(f"t{number} = f({', '.join(inputs)})")
        known.append(f"t{number}")
    lines.append(f"loss = {draw(st.permutations(known[len(parameters) + 1 :]))[0]}.sum()")
    return "\n".join(lines), parameters


def behind(statements: tuple[Statement, ...], name: str) -> set[str]:
    """Everything that ``name`` is computed from."""
    inputs = {read for statement in statements if name in statement.binds for read in statement.reads}
    return inputs.union(*(behind(statements, each) for each in inputs))


@given(forward_passes())
def test_a_node_comes_after_everything_its_readers_bind(made: tuple[str, list[str]]) -> None:
    source, parameters = made
    statements = forward(source)
    nodes = nodes_of(statements, parameters)
    place = {node.name: position for position, node in enumerate(nodes)}
    assert len(place) == len(nodes)
    for node in nodes:
        bound = {name for index in node.consumers for name in statements[index].binds}
        leading = [s for s in statements if {*s.binds} & {"loss", *behind(statements, "loss")}]
        assert node.consumers == tuple(s.index for s in leading if node.name in s.reads)
        assert all(place[name] < place[node.name] for name in bound & place.keys())


@given(forward_passes())
def test_the_nodes_are_what_depends_on_a_parameter_and_the_loss_on_it(made: tuple[str, list[str]]) -> None:
    source, parameters = made
    statements = forward(source)
    depends = set(parameters)
    for statement in statements:
        if depends & set(statement.reads):
            depends |= set(statement.binds)
    assert {node.name for node in nodes_of(statements, parameters)} == depends & behind(statements, "loss")


# A lesson's folder

SMALL = """\
# %% setup
import torch
w = torch.ones(3)
parameters = [w]
# %% forward
y = w * 2
loss = y.sum()
"""


def lesson_folder(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "forward.py").write_text(text, encoding="utf-8")
    return folder


def test_a_lesson_needs_neither_notes_nor_solution_nor_minibatch(tmp_path: Path) -> None:
    lesson = read_folder(lesson_folder(tmp_path, SMALL))
    assert [node.name for node in lesson.nodes] == ["y", "w"]
    assert (lesson.name, lesson.parameters, lesson.asks) == ("small", ("w",), ("y", "w"))
    assert (lesson.solution, lesson.minibatch.source, lesson.notes.backward) == (None, "", {})
    assert [statement.line for statement in lesson.statements] == [6, 7]


def test_a_lesson_may_ask_for_some_nodes_only(tmp_path: Path) -> None:
    text = SMALL.replace("parameters = [w]", 'parameters = [w]\nasks = ["w"]')
    assert read_folder(lesson_folder(tmp_path, text)).asks == ("w",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# %% forward", "# %% forwards", "has no cell `# %% forward`"),
        ("# %% setup", "# %%", "has no cell `# %% setup`"),
        ("parameters = [w]", "parameters = []", "nothing in the forward pass depends on `parameters"),
        ("parameters = [w]", 'parameters = [w]\nasks = ["z"]', "`asks` names `z`"),
        ("y = w * 2", "y = w *", "small/forward.py, line 6"),
        ("w = torch.ones(3)", "w = torch.ones(3", "small/forward.py, line 3"),
    ],
)
def test_a_lesson_that_cannot_be_used_says_why(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = lesson_folder(tmp_path, SMALL.replace(old, new))
    with pytest.raises(UsageError, match=re.escape(said)):
        read_folder(folder)


def test_a_statement_that_does_not_lead_to_the_loss_is_no_consumer() -> None:
    statements = statements_of("h = w * x\nspread = h - h.mean()\nloss = h.sum()", 1, "here")
    nodes = nodes_of(statements, ("w",))
    assert [(node.name, node.consumers) for node in nodes] == [("h", (2,)), ("w", (0,))]


def test_a_number_with_its_type_beside_it_is_one_of_the_lessons_numbers(tmp_path: Path) -> None:
    """So a size that stays in practice, or a count of steps, is known to the training all the same."""
    setup = "import torch\nsteps: int = 700\nbatch_size: int = 4\nn: int\nW = torch.ones(2)\nparameters = [W]\n"
    code = f"# %% setup\n{setup}# %% minibatch\nX = torch.ones(batch_size, 2)\n# %% forward\nloss = (X * W).sum()\n"
    (tmp_path / "forward.py").write_text(code, encoding="utf-8")
    assert read_folder(tmp_path).numbers == {"steps": 700, "batch_size": 4}
