"""A node answered again: what answers other nodes stays, however a file holds it."""

from __future__ import annotations

import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ninja_tui.lesson.solutions import SavedAnswer, Solutions, tidy
from tests.helpers import WALK, right_answers

NODES = ("logprobs", "probs", "counts", "logits", "h")
Pairs = dict[str, list[list[str]]]


def solutions(text: str) -> Solutions:
    return Solutions(text, "solutions.py", "names")


def again(text: str, node: str, code: str) -> str:
    return solutions(text).with_answer("names", node, SavedAnswer(tidy(code)), WALK).text


def read_back(text: str, node: str) -> str:
    return solutions(text).answers("names", WALK)[node].code


def answers(text: str) -> Pairs:
    """For each node the statements of each of its answers."""
    program = solutions(text).program("names", WALK)
    return {
        node: [[program.steps[index].code for index in each.steps] for each in program.of_node(node)] for node in WALK
    }


def others(text: str, node: str) -> Pairs:
    return {other: codes for other, codes in answers(text).items() if other != node}


def statements(text: str) -> list[str]:
    return [ast.unparse(statement) for statement in ast.parse(text).body]


ALL_IN_A_BLOCK = "with torch.no_grad():\n" + "\n".join(
    f"    {line}" for code in right_answers().values() for line in code.split("\n")
)

SHARED = [
    "{a}, {b} = f(), g()",
    "{a} = {b} = 3",
    "[{a}, *{b}] = f()",
    "with torch.no_grad():\n    {a} = 1\n    {b} = {a} * 2",
    "for i in range(3):\n    {a} = i; {b} = '''\n  {a}\n'''",
    "if n:\n    {a} = 1\nelse:\n    {b} = 2",
    "try:\n    {a} = 1\nfinally:\n    {b} = 2",
    "{a} = 1; {b} = 2; {a} += 3",
    "{a} = ({b} := 2) + 1",
    "{a} = (1,\n  2); {b} = [\n  3]  # three",
    "{a} = 1\n{b} = {a} + 1\n{a} += 2",
    "{a} = 1\nfor x in y:\n    {a} += x\n    {b} = {a}",
    "t, {a} = f()\n{b} = t",
    "{a} = {b} = None\n{a} = 1\n{b} = 2",
    "{a} = 1\n{a}[0] = {b} = 2",
    "def f():\n    return 1\n{a} = f()",
    "# %% {x}\n{a} = 1\n{b} = 2",
    "# %% {x}\n{a} = 1\n# %%\n{a} += 2\n{b} = 3",
    "# %% {x}\n{a} = 1\n# %% notes\n{a}, {b} = 2, 3",
    "# %% {x}\n# revealed: {a}\n# %% notes\n{a}, {b} = 2, 3\nprint({a})",
    "# %% notes\nk = 2\n{a} = k\n{b} = k",
    "print('nothing')",
]
CODES = [
    "{d} = 7",
    "{d} = (\n    7)\n{d} += 1",
    "t = 7\n\n{d} = t  # seven",
    "for j in range(3):\n    {d} = j",
    "with torch.no_grad():\n    {d} = 7",
]


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file with statements that answer two nodes."""
    parts = []
    for template in draw(st.lists(st.sampled_from(SHARED), min_size=1, max_size=4)):
        first, second = draw(st.permutations(NODES))[:2]
        parts.append(template.format(a=f"d{first}", b=f"d{second}", x=first))
    return "\n".join(parts) + "\n"


@pytest.mark.slow
@given(files(), st.sampled_from(NODES), st.sampled_from(CODES))
@example("dcounts = dh = 3\n", "h", "dh = 4")
@example("dlogprobs, dprobs = f(), g()\n", "probs", "t = 2\ndprobs = t")
@example(f"{ALL_IN_A_BLOCK}\n", "probs", "dprobs = dlogprobs / probs")
def test_only_its_own_code_is_replaced(text: str, node: str, template: str) -> None:
    code = template.format(d=f"d{node}")
    changed = again(text, node, code)
    assert others(changed, node) == others(text, node)
    assert read_back(changed, node) == code
    new = solutions(code).program("names", [node])
    assert answers(changed)[node][-1] == [new.steps[index].code for index in new.answers[-1].steps]
    kept = iter(statements(changed))
    own = {ast.unparse(ast.parse(each)) for codes in answers(text)[node][-1:] for each in codes}
    assert all(each in kept for each in statements(text) if each not in own)


@pytest.mark.slow
@given(files(), st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(CODES)), min_size=1, max_size=5))
def test_a_file_does_not_grow_with_every_answer(text: str, session: list[tuple[str, str]]) -> None:
    for node, template in session:
        text = again(text, node, template.format(d=f"d{node}"))
        length = len(statements(text))
        assert len(statements(again(text, node, template.format(d=f"d{node}")))) == length
    last = dict(session)
    assert {node: read_back(text, node) for node in last} == {
        node: template.format(d=f"d{node}") for node, template in last.items()
    }


@given(files(), st.sampled_from(NODES))
def test_a_mark_alone_changes_no_code(text: str, node: str) -> None:
    held = solutions(text).answers("names", WALK)
    if node not in held or not held[node].code:
        return
    marked = SavedAnswer(held[node].code, revealed=True, hints=2)
    changed = solutions(text).with_answer("names", node, marked, WALK).text
    assert statements(changed) == statements(text)
    assert solutions(changed).answers("names", WALK)[node] == marked


@pytest.mark.parametrize("node", ["probs", "logits", "C"])
def test_one_of_26_in_a_block(node: str) -> None:
    text = again(f"{ALL_IN_A_BLOCK}\nprint('done')\n", node, f"d{node} = 7")
    assert text == f"{ALL_IN_A_BLOCK}\nd{node} = 7\nprint('done')\n"
    assert {other for other, codes in answers(text).items() if codes} == set(WALK)
    assert again(text, node, f"d{node} = 8") == text.replace("= 7", "= 8")


def test_what_cannot_be_cut_out_is_followed() -> None:
    assert again("dcounts = dh = 3\nx = 1\n", "h", "dh = 4") == "dcounts = dh = 3\ndh = 4\nx = 1\n"
    assert again("a = 1; dprobs, dh = f(); b = dh\n", "h", "dh = 4") == "a = 1\ndprobs, dh = f()\ndh = 4\nb = dh\n"


def test_an_answer_that_is_read_before_it_is_complete_stays() -> None:
    text = "dcounts = a\nx = dcounts + 1\ndcounts += b\ndh = x\n"
    assert again(text, "counts", "dcounts = c") == "dcounts = a\nx = dcounts + 1\ndcounts += b\ndcounts = c\ndh = x\n"


def test_a_helper_that_others_read_stays() -> None:
    assert again("t, dprobs = f()\ndh = t\n", "probs", "dprobs = 1") == "t, dprobs = f()\ndprobs = 1\ndh = t\n"
    assert again("t, dprobs = f()\nt = 2\ndh = t\n", "probs", "dprobs = 1") == "dprobs = 1\nt = 2\ndh = t\n"
    assert again("t, dprobs = f()\ndh = t\n", "probs", "t = 2\ndprobs = t") == (
        "# %% probs\nt = 2\ndprobs = t\n# %%\ndh = t\n"
    )


def test_helpers_of_an_answer_without_a_cell_are_read_back_with_it() -> None:
    text = again("dprobs = 1\nprint(dprobs)\n", "probs", "t = 2\ndprobs = t")
    assert read_back(text, "probs") == "t = 2\ndprobs = t"
    assert statements(text) == ["t = 2", "dprobs = t", "print(dprobs)"]


def test_the_prompt_stands_after_what_stays() -> None:
    held = solutions("x = 1\ndcounts = dh = 3\ny = 2\n")
    assert held.line_of("names", "h", WALK) == 2
    assert solutions("x = 1\ndh = 3\ny = 2\n").line_of("names", "h", WALK) == 1
