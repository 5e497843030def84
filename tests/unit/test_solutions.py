from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ninja_tui.lesson.answer_file import AnswerFile
from ninja_tui.lesson.solutions import SavedAnswer, Solutions, read_solutions, tidy
from tests.helpers import SOLUTION, WALK, right_answers


def solutions(text: str) -> Solutions:
    return Solutions(text, "solutions.py", "names")


def held(text: str) -> dict[str, SavedAnswer]:
    return solutions(text).answers("names", WALK)


def saved(text: str, node: str, code: str, *, revealed: bool = False) -> str:
    return solutions(text).with_answer("names", node, SavedAnswer(tidy(code), revealed), WALK).text


# Arbitrary answers

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
MARKS = st.sampled_from(
    [
        "# %%",
        "# %% probs",
        "#%% logprobs",
        "# %% lesson: other",
        "# %% [markdown]",
        "# revealed: dprobs",
        "#\t%% C",
        "##",
    ]
)
COMMENTS = MARKS | WORDS.map("# {}".format)
IN_A_STRING = st.lists(MARKS | WORDS | st.just("") | st.just("\t"), min_size=1, max_size=4).map("\n".join)
LONG_STRINGS = IN_A_STRING.filter(lambda text: "'''" not in text and "\\" not in text and text[-1:] != "'")
HELPERS = st.sampled_from(
    [
        "t = 1.0 / probs",
        "größe = n; ñ = 2",
        "for i in range(3):\n\tt = i\n\n\tu = t",
        "if n:\n    pass\n# %% between\nelse:\n    t = (\n# %% inside\n  1)",
        "@wrap\ndef helper(x):\n    '''What it does.\n# %% probs\n    '''\n    return x",
        "t = 1 \\\n + 2",
        "x = [\n\n  1,  # one\n\n]",
        "t = 1;",
        "\fpage = 2",
        "_ = 'C[ix] [bold] {}'",
    ]
)
NOISE = (
    COMMENTS
    | st.sampled_from(["", "   ", "\t", "\f"])
    | HELPERS
    | st.builds("s = {!r}".format, WORDS | IN_A_STRING)
    | st.builds("s = '''{}'''".format, LONG_STRINGS)
)
BINDINGS = [
    "{d} = torch.zeros_like(t)",
    "{d} = (1.0\n# %% probs\n)",
    "{d}: object = 3  # why",
    "({d} := n)",
    "t, {d} = 1, 2",
    "for i in range(3):\n\t{d} = i",
    "{d} = '''\n# %% logits\n\n# revealed: dlogits\n'''",
]
CHANGES = ["{d} += 1", "{d}[0] = 'é'", "{d}.index_add_(0, i, x)", "for i in y:\n    {d}[i] += 1", "{d} = {d} * 2"]


@st.composite
def codes(draw: st.DrawFn, node: str) -> str:
    """Python, whatever else it holds, that binds the gradient of ``node`` and no other."""
    noise = st.lists(NOISE, max_size=3)
    bindings = st.lists(st.sampled_from(BINDINGS), min_size=1, max_size=2)
    lines = [*draw(noise)]
    for part in [*draw(bindings), *draw(st.lists(st.sampled_from(CHANGES), max_size=2))]:
        lines += [part.format(d=f"d{node}"), *draw(noise)]
    code = draw(st.sampled_from(["\n", "\r\n", "\r"])).join("\n".join(lines).split("\n"))
    ast.parse(code)
    return code


@st.composite
def sessions(draw: st.DrawFn) -> list[tuple[str, SavedAnswer]]:
    """Answers in the order in which they are submitted; some nodes more than once, some only revealed or hinted at."""
    made = []
    for node in draw(st.lists(st.sampled_from(WALK), min_size=1, max_size=6)):
        revealed = draw(st.booleans())
        code = "" if draw(st.booleans()) else tidy(draw(codes(node)))
        hints = draw(st.integers(0 if code or revealed else 1, 3))
        made.append((node, SavedAnswer(code, revealed, hints)))
    return made


@pytest.mark.slow
@given(sessions())
@example([("probs", SavedAnswer("t = 1 / probs\ndprobs = t\ndprobs = t * dlogprobs"))])
@example([("probs", SavedAnswer("dprobs = '''\n# revealed: dprobs\n'''"))])
@example([("probs", SavedAnswer("dprobs = '''\n# hints: dprobs 2\n'''", hints=1))])
@example([("C", SavedAnswer("dC = 1\n\n\ndC += 2")), ("logprobs", SavedAnswer("", revealed=True))])
def test_whatever_is_saved_in_any_order_reads_back_the_same(session: list[tuple[str, SavedAnswer]]) -> None:
    text = ""
    for node, answer in session:
        text = solutions(text).with_answer("names", node, answer, WALK).text
    assert held(text) == dict(session)


@given(session=sessions())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_saved_in_a_file_is_what_the_next_start_reads(tmp_path: Path, session: list[tuple[str, Any]]) -> None:
    path = tmp_path / "solutions.py"
    path.unlink(missing_ok=True)
    expected: dict[str, SavedAnswer] = {}
    for node, answer in session:
        file = AnswerFile(path)
        file.open("names", WALK)
        file.submit("names", node, answer, WALK)
        assert set(file.write().saved) == {node}
        kept = expected.get(node, SavedAnswer(""))  # what was shown once stays so
        hints = max(answer.hints, kept.hints)
        expected[node] = SavedAnswer(answer.code or kept.code, answer.revealed or kept.revealed, hints)
    assert read_solutions(path, "names").answers("names", WALK) == expected


@given(codes("probs"))
def test_tidying_twice_changes_nothing_more(code: str) -> None:
    assert tidy(tidy(code)) == tidy(code)
    assert not tidy(code).startswith("\n")
    assert "\r" not in tidy(code)


@given(codes("probs"))
def test_tidying_changes_no_code_but_comments(code: str) -> None:
    assert ast.dump(ast.parse(tidy(code))) == ast.dump(ast.parse(code))


def test_answers_saved_in_any_order_stand_in_walk_order() -> None:
    text = ""
    for node in reversed(WALK):
        text = saved(text, node, right_answers()[node])
    assert text == SOLUTION.read_text(encoding="utf-8")


def test_an_answer_saved_again_takes_its_old_place() -> None:
    text = SOLUTION.read_text(encoding="utf-8")
    assert saved(text, "probs", "dprobs = dlogprobs / probs") == text.replace(
        "dprobs = (1.0 / probs) * dlogprobs", "dprobs = dlogprobs / probs"
    )


def test_a_cell_of_several_statements_is_one_answer_with_its_helpers() -> None:
    assert held("# %% probs\nt = 1.0 / probs\n\ndprobs = t * dlogprobs\n") == {
        "probs": SavedAnswer("t = 1.0 / probs\n\ndprobs = t * dlogprobs")
    }


# Revealed answers


def test_a_revealed_answer_is_marked_in_its_cell_and_read_back() -> None:
    text = saved("", "probs", "dprobs = 1", revealed=True)
    assert text == "# %% lesson: names\n# %% probs\n# revealed: dprobs\ndprobs = 1\n"
    assert held(text) == {"probs": SavedAnswer("dprobs = 1", revealed=True)}


def test_hints_that_were_shown_are_marked_in_its_cell_and_read_back() -> None:
    text = solutions("").with_answer("names", "probs", SavedAnswer("dprobs = 1", revealed=True, hints=2), WALK).text
    assert text == "# %% lesson: names\n# %% probs\n# revealed: dprobs\n# hints: dprobs 2\ndprobs = 1\n"
    assert held(text) == {"probs": SavedAnswer("dprobs = 1", revealed=True, hints=2)}


def test_one_hint_more_takes_the_place_of_the_mark_before_it_also_in_a_plain_script() -> None:
    text = "x = 1\ndprobs = x\nprint(dprobs)\n"
    for hints in (1, 2, 3):
        text = solutions(text).with_answer("names", "probs", SavedAnswer("dprobs = x", hints=hints), WALK).text
    assert text == "x = 1\n# hints: dprobs 3\ndprobs = x\nprint(dprobs)\n"
    assert held(text) == {"probs": SavedAnswer("dprobs = x", hints=3)}


def test_revealed_without_an_answer_is_kept_too() -> None:
    text = saved("", "probs", "", revealed=True)
    assert held(text) == {"probs": SavedAnswer("", revealed=True)}


def test_a_revealed_mark_is_of_its_own_lesson_only() -> None:
    text = "# %% lesson: other\n# %% probs\n# revealed: dprobs\ndprobs = 1\n# %% lesson: names\n# %% C\ndC = 1\n"
    assert held(text) == {"C": SavedAnswer("dC = 1")}


def test_revealing_a_node_of_a_plain_script_leaves_one_answer_to_it() -> None:
    text = saved("dprobs = wrong\nx = 1\n", "probs", "", revealed=True)
    text = saved(text, "probs", "dprobs = right", revealed=True)
    assert "wrong" not in text
    assert held(text) == {"probs": SavedAnswer("dprobs = right", revealed=True)}


# What else a file holds

HAND_WRITTEN = '''\
"""My answers."""

import torch  # the usual

# %% helpers
def again(x):
    """Nothing.
# %% probs
    """
    return x


# %% lesson: other
# %% probs
dprobs = 0  # another lesson's

# %% lesson: names
# %% [markdown]
# Here I got stuck.
# %% counts_sum_inv
dcounts_sum_inv = 1
# %% scratch
k = 3
print(k)

# %% lesson: third
dC = 3
'''
OTHER_TEXT = st.lists(
    st.sampled_from(
        [
            "# %% helpers\nk = 1\n",
            "# %%\nprint('# %% probs')\n",
            "# a thought\n",
            "\n",
            "x = '''\n# %% logprobs\n'''\n",
            "def f(x):\n\n    return x\n",
            "# %% lesson: other\ndprobs = 1\ndfoo = 2\n",
            "# %% lesson: names\n",
            "# %% C\ndC = 1\n",
            "# %% embcat\ndembcat = 1\ndembcat += 1\n\n",
            "x = 1; y = 2\n",
        ]
    ),
    max_size=8,
).map("".join)


def inserted(before: str, after: str) -> list[str]:
    """The lines that ``after`` has more than ``before``, in one piece; blank lines at the file's end do not count."""
    old, new = before.rstrip("\n").split("\n"), after.rstrip("\n").split("\n")
    places = [at for at in range(len(old) + 1) if new[:at] + new[at + len(new) - len(old) :] == old]
    if before.strip():
        assert places, f"{before!r} became {after!r}"
        return new[places[0] : places[0] + len(new) - len(old)]
    return new


@given(OTHER_TEXT)
@example(HAND_WRITTEN)
def test_a_new_answer_leaves_all_other_text_as_it_is(text: str) -> None:
    after = saved(text, "probs", "dprobs = 1\ndprobs += 1")
    added = [line for line in inserted(text, after) if line not in ("", "# %% lesson: names")]
    assert added == ["# %% probs", "dprobs = 1", "dprobs += 1"]
    assert held(after) == {**held(text), "probs": SavedAnswer("dprobs = 1\ndprobs += 1")}


@given(OTHER_TEXT, OTHER_TEXT, st.sampled_from(["", "# %% probs\n"]))
def test_an_answer_saved_again_changes_nothing_but_itself(before: str, after: str, marker: str) -> None:
    old, new = "dprobs = [\n  1]", "dprobs = 2\ndprobs += 3"
    end = "# %% end\n" if marker else ""
    text = f"{before}# %% lesson: names\n{marker}{old}\n{end}{after}"
    assert saved(text, "probs", new) == (text.replace(old, new) if text.endswith("\n") else text)


def test_a_hand_written_file_keeps_everything_through_a_whole_walk() -> None:
    text = HAND_WRITTEN
    for node in WALK:
        text = saved(text, node, right_answers()[node])
    kept = [line for line in HAND_WRITTEN.split("\n") if line != "dcounts_sum_inv = 1"]
    lines = iter(text.split("\n"))
    assert all(line in lines for line in kept)
    assert {node: answer.code for node, answer in held(text).items()} == right_answers()
    assert solutions(text).answers("other", WALK)["probs"].code == "dprobs = 0  # another lesson's"
    assert solutions(text).answers("third", WALK) == {"C": SavedAnswer("dC = 3")}


def test_another_lessons_file_gets_a_section_of_its_own() -> None:
    text = saved("# %% lesson: other\n# %% probs\ndprobs = 0\n", "probs", "dprobs = 1")
    assert text == "# %% lesson: other\n# %% probs\ndprobs = 0\n# %% lesson: names\n# %% probs\ndprobs = 1\n"


def test_in_a_plain_script_an_answer_is_replaced_where_it_stands() -> None:
    text = "import torch\n\ndlogprobs = 0  # mine\nx = 1\ndprobs = [\n    1]\ncmp('probs', dprobs, probs)\ndC = 1\n"
    assert saved(text, "probs", "dprobs = 2\ndprobs += 3") == text.replace(
        "dprobs = [\n    1]", "dprobs = 2\ndprobs += 3"
    )


def test_in_a_plain_script_partial_sums_become_one_answer_where_the_last_stood() -> None:
    text = "dcounts = a\n# then\ndprobs = b\ndcounts += c\nprint(dcounts)\n"
    assert saved(text, "counts", "dcounts = d") == "# then\ndprobs = b\ndcounts = d\nprint(dcounts)\n"


def test_in_a_plain_script_the_last_of_several_answers_is_replaced() -> None:
    text = "dprobs = a\ndC = b\ndprobs = c\n"
    assert saved(text, "probs", "dprobs = d") == "dprobs = a\ndC = b\ndprobs = d\n"


def test_what_shares_a_line_with_the_answer_gets_a_line_of_its_own() -> None:
    after = saved("a = 1; dprobs = 2\nb = a\n", "probs", "dprobs = 3")
    assert after == "a = 1\ndprobs = 3\nb = a\n"
    assert held(after)["probs"].code == "dprobs = 3"


def test_saving_one_answer_of_a_cell_keeps_the_other_answers_in_it() -> None:
    text = "# %% probs\ndprobs = 1\ndcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)\n"
    after = saved(text, "probs", "dprobs = 2")
    assert {node: answer.code.split("\n")[0] for node, answer in held(after).items()} == {
        "probs": "dprobs = 2",
        "counts_sum_inv": "dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)",
    }


def test_a_marker_inside_a_statement_is_a_comment() -> None:
    text = (
        "# %% probs\ndprobs = (\n# %% logprobs\n    (1.0 / probs) * dlogprobs)\n"
        "# %% C\nfor i in x:\n    dC = 1\n# %% h\n    dC += 2\n"
    )
    assert held(text) == {
        "probs": SavedAnswer("dprobs = (\n# %% logprobs\n    (1.0 / probs) * dlogprobs)"),
        "C": SavedAnswer("for i in x:\n    dC = 1\n# %% h\n    dC += 2"),
    }


def test_sections_tell_which_lines_are_whose() -> None:
    found = solutions("dC = 1\n# %% lesson: other\ndx = 1\n# %%lesson: names\ndC = 2").sections()
    assert [(section.lesson, section.start, section.end) for section in found] == [
        *(("names", 0, 1), ("other", 1, 3), ("names", 3, 5))
    ]


def test_comments_before_the_first_lesson_are_no_section() -> None:
    assert [section.lesson for section in solutions("# me\n\n# %% lesson: other\ndx = 1").sections()] == ["other"]


def test_lines_of_a_later_section_count_in_the_file() -> None:
    program = solutions("# %% lesson: other\ndC = 1\n# %% lesson: names\n\ndC = 2\n").program("names", WALK)
    assert [answer.line for answer in program.answers] == [5]
