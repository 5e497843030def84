"""Which cells of a session are judged, and as far as where."""

from __future__ import annotations

import pytest

from ninja_tui.errors import UsageError
from ninja_tui.jupyter.history import Executed, before_magic, history_of, names_touched, with_left_out, without_magics
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.notebook.cells import session_source


def codes(*cells: Executed) -> dict[int, str]:
    return history_of(cells).codes


def test_cells_keep_the_numbers_of_their_prompts() -> None:
    source = session_source(codes(Executed(2, "a = 1"), Executed(5, "b = 2\nc = 3")))
    line = source.text.split("\n").index("c = 3") + 1
    assert place(line, source.starts) == "In [5], line 2"


def test_the_same_cell_twice_is_there_twice_in_the_order_of_its_runs() -> None:
    assert codes(Executed(1, "a = 1", "x"), Executed(2, "a = 2", "y"), Executed(3, "a = 3", "x")) == {
        1: "a = 1",
        2: "a = 2",
        3: "a = 3",
    }


@pytest.mark.parametrize(
    "line",
    ["%ninja", "%ninja probs -v", "ninja probs", "r = %ninja", "%load_ext ninja_tui", "ninja"],
)
def test_magics_of_ours_are_left_out_and_lines_stay_where_they_are(line: str) -> None:
    assert without_magics(f"a = 1\n{line}\nb = 2") == "a = 1\n\nb = 2"


@pytest.mark.parametrize(
    "line", ["ninja = 3", "ninja(3)", "ninja.x", "ninjas", "%load_ext autoreload", "x = ninja == 3"]
)
def test_code_that_looks_like_them_stays(line: str) -> None:
    assert without_magics(line) == line


@pytest.mark.parametrize("magic", ["%ninja", "r = %ninja -v", "%reload_ext ninja_tui"])
@pytest.mark.parametrize("block", ["if a:", "for each in range(3):", "try:"])
def test_a_block_that_holds_nothing_but_a_magic_stays_one(block: str, magic: str) -> None:
    assert without_magics(f"a = 1\n{block}\n    {magic}\nb = 2") == f"a = 1\n{block}\n    pass\nb = 2"
    assert before_magic(f"a = 1\n{block}\n    {magic}\nb = 2") == f"a = 1\n{block}\n    pass"


def test_of_the_cell_that_asks_counts_what_stands_above() -> None:
    assert before_magic("a = 1\n%ninja probs\nb = 2") == "a = 1"


CELL = "a = 1\nfor i in range(3):\n    b = i\n    1 / 0\nc = 3"


def test_a_cell_that_raised_is_judged_up_to_the_statement_that_did() -> None:
    history = history_of([Executed(4, CELL, stopped=4)])
    assert history.codes[4] == CELL.removesuffix("\nc = 3")
    assert history.notes == ("In [4], line 4 raised an error; what stands below is left out",)


def test_a_statement_that_raised_is_left_out_where_what_it_binds_was_bound_later() -> None:
    first = Executed(1, "a = 1\ndh = x @ y", stopped=2)
    assert codes(first, Executed(2, "dh = y @ x"))[1] == "a = 1"
    assert codes(first, Executed(2, "dz = y @ x"))[1] == first.code
    assert codes(first, Executed(2, "dh = y @ x", stopped=1))[1] == first.code


def test_a_cell_that_raised_and_ran_again_is_mended_by_that() -> None:
    history = history_of([Executed(1, "check(dh)", "x", stopped=1), Executed(2, "dh = 1", "x")])
    assert history.codes == {1: "", 2: "dh = 1"}
    assert history.notes == ()


def test_a_cell_of_which_nothing_ran_is_left_out_and_told_while_it_is_the_last() -> None:
    broken = Executed(1, "a = (", stopped=0)
    assert history_of([broken]).notes == ("In [1] did not run, and is left out",)
    assert history_of([broken]).is_empty
    assert history_of([broken, Executed(2, "a = ()")]).notes == ()


def test_a_cell_with_magics_that_raised_is_cut_by_its_lines() -> None:
    assert (
        codes(Executed(1, "%time a = f()\n!ls\nb = (\n  1 / 0)\nc = 2", stopped=3))[1]
        == "%time a = f()\n!ls\nb = (\n  1 / 0)"
    )


def test_a_session_without_code_is_refused_in_a_sentence() -> None:
    with pytest.raises(UsageError, match="the session holds no code"):
        session_source({})


def test_what_a_cell_touches() -> None:
    assert names_touched("%time dx = 1\ndy = 2\ndz[0] += 1\nprint(q)") == {"dy", "dz"}
    assert names_touched("a b c") == frozenset()


def test_an_error_that_is_told_already_is_not_told_again_where_what_stands_below_it_is_left_out() -> None:
    stopped = Executed(3, "k = x @ y\nz = 1", stopped=1)
    assert_stopped = Executed(4, "assert close(x)\nz = 2", stopped=1)
    left_out = history_of([stopped, assert_stopped]).notes
    told = ("In [2], line 9: no such file", "In [3], line 1: RuntimeError: no")
    assert with_left_out(told, left_out) == (
        "In [2], line 9: no such file",
        "In [3], line 1: RuntimeError: no; what stands below is left out",
        "In [4], line 1 raised an error; what stands below is left out",
    )
    assert with_left_out((), ("In [1] did not run, and is left out",)) == ("In [1] did not run, and is left out",)
