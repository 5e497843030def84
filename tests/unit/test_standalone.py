"""Code that is to stand somewhere else runs there as it did."""

from __future__ import annotations

import pytest

from ninja_tui.lesson.syntax.free_names import names_left, rebound_names
from ninja_tui.lesson.syntax.standalone import (
    indented,
    is_call_of,
    reseeded,
    texts_given,
    with_none_for_calls_of,
    without_imports_of,
)

CODE = '''\
text = """one
  two
three"""
value = (1 +
2)
for i in range(3):
    value += i  # a comment

name = f"""{value}
{text}"""\
'''


def bound(code: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(code, names)
    return {name: names[name] for name in ("text", "value", "name")}


def test_in_a_block_it_binds_what_it_binds_by_itself() -> None:
    assert bound(f"if True:\n{indented(CODE)}\n") == bound(CODE)
    assert bound(f"if True:\n    if True:\n{indented(indented(CODE))}\n") == bound(CODE)


def test_an_import_of_the_package_goes_and_all_others_stay() -> None:
    code = "import os\nfrom ours.words import (\n    read,\n)\nimport ours\nfrom oursother import x\ny = 1"
    assert without_imports_of(code, "ours") == "import os\nfrom oursother import x\ny = 1"


def test_another_seed_stands_in_the_place_of_the_set_ups_own() -> None:
    assert (
        reseeded("seed = (\n    42\n)\nother = 1\nif other:\n    seed = 2", 7)
        == "seed = 7\nother = 1\nif other:\n    seed = 2"
    )


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ('words = read("a.txt")', ("a.txt",)),
        ('x = [read("a.txt"), read("b.txt"), read("a.txt")]', ("a.txt", "b.txt")),
        ("read(path)\nother('c.txt')", ()),
    ],
)
def test_the_texts_that_a_function_is_given_are_found(code: str, texts: tuple[str, ...]) -> None:
    assert texts_given(code, "read") == texts


def test_a_statement_that_only_calls_is_known() -> None:
    assert is_call_of("cmp('h', dh, h)", "cmp")
    assert not is_call_of("x = cmp('h', dh, h)", "cmp")
    assert not is_call_of("print(1)", "cmp")


@pytest.mark.parametrize(
    ("code", "quiet"),
    [
        ("y = cmp('h', dh, h)", "y = None"),
        ("é = [cmp('ü', du, u), 1, cmp(\n    'h', dh,  # a comment\n    h,\n)]; z = 2", "é = [None, 1, None]; z = 2"),
        ("def all():\n    for each in pairs: cmp(*each)", "def all():\n    for each in pairs: None"),
        ("y = cmp(cmp('a', a, b), c, d) or other(cmp)", "y = None or other(cmp)"),
        ("print(f\"{cmp('h', dh, h)}\")", "print(f\"{cmp('h', dh, h)}\")"),
        ('text = """\ncmp(1)"""', 'text = """\ncmp(1)"""'),
    ],
)
def test_none_stands_in_the_place_of_calls(code: str, quiet: str) -> None:
    assert with_none_for_calls_of(code, "cmp") == quiet


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a = 1\nb += a\nc[0] = d.e = 2\ndel f", {"a", "b", "f"}),
        ("import os, a.b as c\nfrom x import y", set()),
        ("def a(b):\n    global c, d\n    c = e = b\n    print(d)", {"a", "c"}),
        ("class a:\n    b = 1\n    def c(self):\n        global d\n        del d", {"a", "d"}),
        ("x = [a := b for b in c]", {"x", "a"}),
        (
            "with a as b:\n    pass\nfor c, (d, *e) in f:\n    pass\ntry:\n    pass\nexcept E as g:\n    pass",
            set("bcdeg"),
        ),
        ("match a:\n    case [b, {'c': d, **e}]:\n        pass", {"b", "d", "e"}),
    ],
)
def test_names_that_code_rebinds_on_its_own_level(code: str, names: set[str]) -> None:
    assert rebound_names(code) == names


def test_names_that_are_left_are_those_that_nothing_deletes() -> None:
    code = "import os\nx = y = 1\nfor p in x:\n    del y\ntry:\n    pass\nexcept E as e:\n    pass\ndef f():\n    z = 1"
    assert names_left(code) == {"os", "x", "p", "f"}
