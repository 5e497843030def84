"""Code that is to stand somewhere else runs there as it did."""

from __future__ import annotations

import pytest

from ninja_tui.lesson.syntax.standalone import indented, is_call_of, reseeded, texts_given, without_imports_of

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
