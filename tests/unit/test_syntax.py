"""The room that walks syntax trees: fragments of code, what they read and change, and that no other room walks."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ninja_tui
from ninja_tui.lesson.syntax.effects import Effects, FileContext
from ninja_tui.lesson.syntax.fragment import Fragment, cut, inner_fragments
from ninja_tui.lesson.syntax.imports import imported_modules, or_nothing, single_imports, string_literals
from ninja_tui.lesson.syntax.parameters import RequiresGrad, requires_grad
from ninja_tui.lesson.syntax.rename import as_assignment
from ninja_tui.lesson.syntax.training_steps import differentiated, is_training_loop
from ninja_tui.lesson.syntax.walk import running

PACKAGE = Path(ninja_tui.__file__).parent
WALKERS = {"walk", "iter_child_nodes", "iter_fields", "NodeVisitor", "NodeTransformer"}
MAY_WALK = (PACKAGE / "lesson" / "syntax",)


def tree_of(code: str) -> ast.stmt:
    return Fragment.at(code, 1).tree


def walkers_in(code: str) -> list[str]:
    """Where ``code`` walks syntax trees: ``line 3: ast.walk``."""
    places = []
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Attribute(value=ast.Name(id="ast"), attr=name) if name in WALKERS:
                places.append(f"line {node.lineno}: ast.{name}")
            case ast.ImportFrom(module="ast", names=aliases):
                places += [f"line {node.lineno}: {each.name}" for each in aliases if each.name in WALKERS]
    return places


def test_only_the_room_of_syntax_walks_syntax_trees() -> None:
    paths = [path for path in PACKAGE.rglob("*.py") if not any(path.is_relative_to(room) for room in MAY_WALK)]
    assert len(paths) > 80
    walking = {str(path.relative_to(PACKAGE)): walkers_in(path.read_text("utf-8")) for path in paths}
    assert {path: places for path, places in walking.items() if places} == {}


@pytest.mark.parametrize(
    "code", ["import ast\nast.walk(tree)", "from ast import NodeVisitor", "x = ast.iter_fields(t)"]
)
def test_a_walk_is_noticed(code: str) -> None:
    assert len(walkers_in(code)) == 1


# Fragments


def cut_all(code: str, first_line: int = 1) -> list[Fragment]:
    return [cut(tree, code.split("\n"), first_line) for tree in ast.parse(code).body]


def test_a_statement_is_cut_out_of_its_line() -> None:
    assert cut_all("é = 'ü'; b = (2,\n  3); c = 4  # more", 10) == [
        Fragment("é = 'ü'", 10, 10),
        Fragment("b = (2,\n  3)", 10, 11),
        Fragment("c = 4", 11, 11),
    ]


def test_decorators_belong_to_their_statement() -> None:
    (only,) = cut_all("@once\n@twice(1)\ndef f(): pass")
    assert (only.code, only.line, only.end_line) == ("@once\n@twice(1)\ndef f(): pass", 1, 3)


def test_a_block_loses_its_indentation() -> None:
    (block,) = cut_all(
        "if x:\n    if y:\n        a = 1\n    b = '''\n z'''; c = [\n  1]\n    def f():\n        pass", 5
    )
    assert isinstance(block.tree, ast.If)
    inner = inner_fragments(block, block.tree.body)
    assert [(each.code, each.line, each.end_line) for each in inner] == [
        ("if y:\n    a = 1", 6, 7),
        ("b = '\\n z'", 8, 9),
        ("c = [\n  1]", 9, 10),
        ("def f():\n    pass", 11, 12),
    ]
    assert all(len(each.statements) == 1 for each in inner)


def test_a_tree_is_parsed_once() -> None:
    fragment = Fragment.at("a = 1\nb = 2", 3)
    assert fragment.statements is fragment.statements
    assert (fragment.end_line, fragment.tree.lineno) == (4, 1)
    assert fragment == Fragment("a = 1\nb = 2", 3, 4)


# What runs


def names_run(code: str) -> set[str]:
    return {node.id for node in running(tree_of(code)) if isinstance(node, ast.Name)}


def test_bodies_of_functions_do_not_run_where_they_stand() -> None:
    assert names_run("if a:\n    def f(): return b\n    class C: c = d\n    e = lambda: g\n    h(i)") == {
        "a",
        "e",
        "h",
        "i",
    }


def test_what_runs_comes_in_source_order() -> None:
    order = [node.id for node in running(tree_of("a = b + c[d]")) if isinstance(node, ast.Name)]
    assert order == ["a", "b", "c", "d"]


# Effects


def effects(code: str, before: str = "") -> Effects:
    context = FileContext.of(cut_all(before)) if before else FileContext()
    return Effects(Fragment.at(code, 1), context)


def test_a_statement_that_is_a_call_may_change_its_arguments() -> None:
    before = "import random\ndef look(a): print(a)\ndef change(a): a += 1\nws = [w1, w2]"
    assert effects("change(x)", before).changes == {"x"}
    assert effects("look(x)", before).changes == frozenset()
    assert effects("change(ws)", before).changes == {"ws", "w1", "w2"}
    assert effects("change(ws)", before).direct_changes == {"ws"}
    assert effects("random.shuffle(x)", before).changes == {"random", "x"}
    assert effects("random.seed(x)", before).changes == {"random"}
    assert effects("x.zero_()", before).changes == {"x"}


def test_what_a_loop_changes_is_what_it_runs_over() -> None:
    assert effects("for p in (a, b):\n    p += 1").changes == {"p", "a", "b"}


def test_reads_are_those_from_outside() -> None:
    each = effects("y = [x * k for x in xs] + f(z.shape, q)")
    assert each.reads == {"k", "xs", "f", "z", "q"}
    assert each.value_reads == {"k", "xs", "f", "q"}
    assert effects("def f(a, b=c):\n    d = a\n    return d + e").reads == {"c", "e"}
    assert effects("print(x)").displays and not effects("x.add_(1)").displays


# Other questions


@pytest.mark.parametrize(
    ("code", "names", "lists"),
    [
        ("w = torch.randn(2, requires_grad=True)", ("w",), ()),
        ("w.requires_grad_()", ("w",), ()),
        ("w.requires_grad = True", ("w",), ()),
        ("for p in [v, w]:\n    p.requires_grad = True", ("v", "w"), ()),
        ("for p in parameters:\n    p.requires_grad_()", (), ("parameters",)),
        ("for p in parameters:\n    if p.ndim:\n        p.requires_grad_()", (), ()),
        ("w = torch.randn(2)", (), ()),
    ],
)
def test_what_requires_grad(code: str, names: tuple[str, ...], lists: tuple[str, ...]) -> None:
    assert requires_grad(tree_of(code)) == RequiresGrad(names, lists)


def test_imports() -> None:
    fragment = Fragment.at("import a.b, c", 4)
    assert [each.code for each in single_imports(fragment)] == ["import a.b", "import c"]
    fragments = [fragment, Fragment.at("if x:\n    from d.e import f\n    open('g.txt')", 5)]
    assert list(imported_modules(fragments)) == ["a.b", "c", "d.e", "d.e.f"]
    relative = [Fragment.at("from . import a\nfrom .b import c\nfrom ..d import *\nfrom .. import e", 1)]
    assert list(imported_modules(relative, "x.y")) == ["x.y", "x.y.a", "x.y.b", "x.y.b.c", "x.d", "x", "x.e"]
    assert list(string_literals(fragments)) == ["g.txt"]


@pytest.mark.parametrize(
    "code", ["from a import *", "if True:\n    from a import *", "from a import (  # why\n    b,\n)"]
)
def test_an_import_that_may_fail_stays_python(code: str) -> None:
    wrapped = or_nothing(Fragment.at(code, 7))
    assert isinstance(wrapped.tree, ast.Try) and wrapped.line == 7
    assert ast.unparse(wrapped.tree.body[0]) == ast.unparse(ast.parse(code))


def test_losses_and_loops() -> None:
    value = differentiated(tree_of("(a - b).backward()"))
    assert value is not None and ast.unparse(value) == "a - b"
    assert is_training_loop(tree_of("for i in range(3):\n    loss = f(w)\n    w -= 0.1 * dw"))
    assert not is_training_loop(tree_of("for i in range(3):\n    loss = f(w)"))
    assert as_assignment(Fragment.at("x *= y + 1", 1)) == "x = x * (y + 1)"
