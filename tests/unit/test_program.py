from __future__ import annotations

import codeop

import pytest

from ninja_tui.errors import UsageError
from ninja_tui.lesson.program import read_program
from ninja_tui.lesson.syntax.completeness import Completeness, binds, completeness, ends_open, names_read

NODES = ("logprobs", "probs", "counts", "C")


def answers(source: str) -> list[tuple[str, list[int]]]:
    """Each answer's node and the lines on which its statements begin; it is judged after the last of them."""
    program = read_program(source, NODES, "solutions.py")
    return [(answer.node, [program.steps[index].line for index in answer.steps]) for answer in program.answers]


# Where an answer stands


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("dprobs = 1", [("probs", [1])]),
        ("x = 1\n\n# words\ndprobs = x", [("probs", [4])]),
        ("dprobs: torch.Tensor = 1", [("probs", [1])]),
        ("(dprobs := 1)", [("probs", [1])]),
        ("a = 1; dprobs = a; b = 2", [("probs", [1])]),
        ("dprobs = dother = 1", [("probs", [1])]),
        ("[dprobs, other] = 1, 2", [("probs", [1])]),
        ("if n:\n    dprobs = 1\nelse:\n    dprobs = 2", [("probs", [1])]),
        ("with torch.no_grad():\n    dprobs = 1", [("probs", [1])]),
        ("try:\n    dprobs = 1\nexcept ValueError:\n    pass", [("probs", [1])]),
        ("dprobs = [\n    1,\n]\ndprobs += 1", [("probs", [1, 4])]),
    ],
)
def test_an_answer_begins_with_an_assignment_of_its_gradient(source: str, found: list[tuple[str, list[int]]]) -> None:
    assert answers(source) == found


@pytest.mark.parametrize(
    "change",
    [
        "dC += 1",
        "dC @= W",
        "dC = dC + 1",
        "dC = 2 * (1 - dC)",
        "dC[0] = 1",
        "dC[Xb] += demb",
        "dC[0][1:, 2] = 1",
        "dC[0], other = 1, 2",
        "dC.data = demb",
        "dC.add_(1)",
        "dC.view(-1)[3] = 1",
        "dC.view(-1).mul_(2)",
        "dC[0].T.zero_()",
        "dC.index_add_(0, Xb.view(-1), demb.view(-1, 10))",
        "dC.index_put_((Xb,), demb, accumulate=True)",
        "torch.add(dC, 1, out=dC)",
        "torch.mul(demb, 2, out=dC[0])",
        "torch.index_put_(dC, (Xb,), demb, accumulate=True)",
        "for i in range(32):\n    dC[Xb[i]] += demb[i]",
        "for i in range(32):\n    for j in range(3):\n        dC[Xb[i, j]] += demb[i, j]",
        "while n:\n    dC.add_(1)",
        "if n:\n    dC[0] = 0",
        "_ = dC.add_(1)",
    ],
)
def test_an_answer_ends_with_the_last_change_in_place(change: str) -> None:
    assert answers(f"dC = torch.zeros_like(C)\nother = 1\n{change}\nafter = dC * 2") == [("C", [1, 3])]


@pytest.mark.parametrize(
    "bystander",
    [
        "x = dC + 1",
        "x = dC.add(1)",
        "x = dC.__len__()",
        "x[dC] = 1",
        "x.add_(dC)",
        "torch.add(dC, 1, out=x)",
        "print(dC)",
        "cmp('C', dC, C)",
        "dCC = 1",
        "dC.requires_grad",
        "dC",
        "dC: torch.Tensor",
        "def later():\n    dC = 1\n    dC.add_(1)",
        "later = lambda: dC.add_(1)",
        "class Later:\n    dC = 1",
    ],
)
def test_what_only_reads_a_gradient_is_no_part_of_its_answer(bystander: str) -> None:
    assert answers(f"dC = torch.zeros_like(C)\n{bystander}") == [("C", [1])]


def test_partial_sums_may_be_interleaved() -> None:
    source = "dcounts = a\ndprobs = b\ndcounts += c\ndprobs[0] = 1\ndcounts.add_(d)\nx = 1"
    assert answers(source) == [("counts", [1, 3, 5]), ("probs", [2, 4])]


def test_a_later_fresh_assignment_is_another_answer() -> None:
    source = "dprobs = a\ndprobs += b\ndcounts = c\ndprobs = d\ndprobs *= 2"
    assert answers(source) == [("probs", [1, 2]), ("counts", [3]), ("probs", [4, 5])]


def test_one_assignment_may_answer_several_nodes() -> None:
    assert sorted(answers("dprobs, (dcounts, *x) = a, b\ndcounts += 1")) == [("counts", [1, 2]), ("probs", [1])]


def test_a_swap_changes_both_answers() -> None:
    source = "dprobs = a\ndcounts = b\ndprobs, dcounts = dcounts, dprobs"
    assert answers(source) == [("probs", [1, 3]), ("counts", [2, 3])]


def test_none_is_a_placeholder_and_no_answer() -> None:
    assert answers("dprobs = None\ndcounts = dC = None") == []
    assert answers("dprobs = None  # TODO\ndprobs = 1.0 / probs") == [("probs", [2])]


def test_a_change_without_an_assignment_before_it_is_an_answer() -> None:
    assert answers("dprobs += 1\ndprobs += 2") == [("probs", [1, 2])]


def test_names_that_are_no_gradients_of_the_lesson_are_no_answers() -> None:
    assert answers("dx = 1\nprobs = 2\ndlogits = 3") == []


def test_the_notebooks_own_cmp_is_left_out() -> None:
    own = "def cmp(s, dt, t):\n    ex = torch.all(dt == t.grad)\n    print(s, ex)"
    source = f"{own}\ndprobs = 1\ncmp('probs', dprobs, probs)"
    program = read_program(source, NODES, "solutions.py")
    assert [step.line for step in program.steps] == [4, 5]


def test_steps_carry_their_own_source_and_no_other() -> None:
    source = "é = 'ü'; dprobs = 1; x = 2  # end\n@wraps\ndef f():\n    '''# %%\n'''\ny = (\n  1)"
    program = read_program(source, NODES, "solutions.py")
    assert [step.code for step in program.steps] == [
        *("é = 'ü'", "dprobs = 1", "x = 2", "@wraps\ndef f():\n    '''# %%\n'''", "y = (\n  1)")
    ]
    assert [(step.line, step.end_line) for step in program.steps] == [(1, 1), (1, 1), (1, 1), (2, 5), (6, 7)]


def test_an_answer_knows_where_it_ends() -> None:
    program = read_program("dprobs = 1\nx = 2\ndprobs += 1\ndprobs = 3", NODES, "solutions.py")
    assert [[answer.line for answer in program.ending_at(step)] for step in range(4)] == [[], [], [1], [4]]
    assert [answer.last for answer in program.of_node("probs")] == [2, 3]
    assert program.of_node("C") == ()


def test_lines_count_from_the_first_line_given() -> None:
    program = read_program("x = 1\ndprobs = 1", NODES, "solutions.py", first_line=10)
    assert [answer.line for answer in program.answers] == [11]


def test_a_syntax_error_has_its_line_in_the_file() -> None:
    with pytest.raises(UsageError, match=r"^solutions\.py, line 12: "):
        read_program("x = 1\n\ny = = 2", NODES, "solutions.py", first_line=10)


@pytest.mark.parametrize(
    "deep",
    ["+".join(["1"] * 1500), "x" + ".y" * 1500, "x" + "[0]" * 1500, "-" * 1500 + "1", "+".join(["1"] * 20_000)],
    ids=["sum", "attributes", "indices", "signs", "very-long-sum"],
)
def test_code_nested_beyond_reason_is_read_or_refused_in_a_sentence(deep: str) -> None:
    try:
        found = answers(f"dprobs = {deep}")
    except UsageError as error:
        assert "solutions.py" in str(error)
    else:
        assert found == [("probs", [1])]


# What the prompt knows of unfinished code


COMPLETE = [
    *("dprobs = 1", "dprobs = 1  # why", "a; b", "x = 1;", "x = 1\n", "x = (1,\n2)", "'''a\nb'''", "x = 1 \\\n + 2"),
    *("for i in x:\n    y = i", "for i in x: y", "@f\ndef g(): pass", "if a:\n    b\nelse:\n    c", "x = 'é' # ü"),
    *("a = 1\nb = 2", "dlogprobs[range(n), Yb] = -1.0 / n"),
]
UNFINISHED = [
    *("", "   ", "\n", "dprobs = ", "dprobs =", "x +=", "x: int =", "a, b ="),
    *("x = 1 +", "x = 1 +   ", "x = -", "x = not", "a = b @", "dprobs = (1.0 / probs) *", "x = a or", "x = é *"),
    *("x = 'é' +", "x = a.", "x = a if", "x = a if b", "x = a if b else", "x = lambda", "x = [i for i in y]."),
    *("x = (1", "x = (1,\n 2", "x = [", "f(", "x[", "x[0:", "x[:, ", "{'a':", "x = (1 +\n  # why\n", "x = f(a, (b)"),
    *("x = 'abc", 'x = f"{a', "x = '''abc", "x = '''abc\ndef", "x = f'''{a", "x = \\", "x = 1 + \\"),
    *("for i in x:", "for i in x", "for i", "for i in range(3):\n    x =", "for i in x:\n    if i:", "if", "while"),
    *("if x:\n    y\nelse:", "with a", "def f(", "def f():", "class A", "@dec", "try:\n    x = 1", "import", "assert"),
]
WRONG = [
    *(
        "x = )",
        "1 +* 2",
        "x = 1 2",
        "dprobs = 1)",
        "for in x",
        "x == = 1",
        "  x = 1",
        "x = (1 2",
        "x = 5 5 +",
        "x = (1]",
    ),
    *("5 = x", "f() = 3", "x = $", "x = 0777", "x = (1 +\n  ) )", "é = ) "),
    *("x = 1 +\ny = 2", "if x:\ny = 1", "for i in x:\ny", "x = 'abc\ny = 1", "'abc\n"),
]


@pytest.mark.parametrize("source", COMPLETE)
def test_code_that_python_takes_is_complete(source: str) -> None:
    assert completeness(source) == (Completeness.COMPLETE, None)


@pytest.mark.parametrize("source", UNFINISHED)
def test_code_that_more_text_could_mend_is_unfinished_and_no_error(source: str) -> None:
    assert completeness(source) == (Completeness.UNFINISHED, None)


@pytest.mark.parametrize("source", WRONG)
def test_code_that_no_more_text_could_mend_is_wrong_in_pythons_own_words(source: str) -> None:
    state, wrong = completeness(source)
    with pytest.raises(SyntaxError) as error:
        codeop.compile_command(source, symbol="exec")
    assert wrong is not None
    assert (state, wrong.message, wrong.line) == (Completeness.WRONG, error.value.msg, error.value.lineno)


@pytest.mark.parametrize("code", ["x = '\0'", "x = " + "(" * 500, "x = " + "9" * 5000, "x = " + "-" * 100_000 + "1"])
def test_code_that_python_cannot_even_read_raises_nothing(code: str) -> None:
    state, said = completeness(code)
    assert state is not Completeness.WRONG or said


@pytest.mark.parametrize("source", ["# a thought", "# one\n# two", "\n# one"])
def test_a_comment_alone_is_neither_wrong_nor_open(source: str) -> None:
    state, _ = completeness(source)
    assert state is not Completeness.WRONG
    assert ends_open(source) is (state is Completeness.UNFINISHED)


SINGLE = [
    *(
        "dprobs = 1",
        "x = (1",
        "x = [1,",
        "x = (1,\n 2",
        "x = (1,\n2)",
        "'''a",
        "'''a\nb'''",
        "x = \\",
        "x = 1 \\\n + 2",
    ),
    *("for i in x:", "for i in x:\n    y", "for i in x:\n    y\n", "for i in x:\n    if i:", "if x: y", "if x: y\n"),
    *("if x:\n    y\nelse:", "if x:\n    y\nelse:\n    z", "@f\ndef g():\n    pass", "with a as b:\n    c", "def f():"),
    *("try:\n    x", "f(a)(b", "a; b", "x = 1  # (", "x = '('", "while x:\n    y = (1,\n", "class A: pass"),
    *("x = )", "  x = 1", "x = (1]", "5 = x", "if x:\ny"),
]


@pytest.mark.parametrize("source", SINGLE)
def test_enter_opens_a_line_where_pythons_own_prompt_does(source: str) -> None:
    try:
        waits = codeop.compile_command(source, symbol="single") is None
    except SyntaxError:
        waits = False
    assert ends_open(source) is waits


def test_an_empty_line_closes_a_block_as_at_pythons_own_prompt() -> None:
    assert ends_open("for i in x:\n    y")
    assert not ends_open("for i in x:\n    y\n")
    assert not ends_open("for i in x:\n    y\n    ")
    assert not ends_open("dC = zeros\nfor i in x:\n    dC[i] += 1\n")


# What code binds and reads


@pytest.mark.parametrize(
    ("code", "bound"),
    [
        ("dprobs = 1", True),
        ("x = 1\nfor i in y:\n    dprobs = i", True),
        ("dprobs += 1", True),
        ("dprobs[0] = 1", True),
        ("probs = 1", False),
        ("print(dprobs)", False),
        ("dprobs: int", False),
        ("def f():\n    dprobs = 1", False),
        ("# nothing", False),
    ],
)
def test_whether_code_gives_a_gradient_a_value(code: str, bound: bool) -> None:
    assert binds(code, "dprobs") is bound


def test_the_names_that_code_reads_or_changes() -> None:
    code = "x = a * b.c\nx += d\ny[e] = f(g=h)\ndef later():\n    return k"
    assert names_read(code) == {"a", "b", "x", "d", "y", "e", "f", "h", "k"}
