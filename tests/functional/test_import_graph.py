"""The graph of all imports, deferred ones included: no circle between modules, and none between rooms."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import grimp
import pytest

ROOT = "ninja_tui"
Graph = Mapping[str, frozenset[str]]


@functools.cache
def imports() -> Graph:
    """What each module imports of the package, but for what only a type checker reads."""
    graph = grimp.build_graph(ROOT, exclude_type_checking_imports=True, cache_dir=None)
    return {module: frozenset(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def child_of(package: str, module: str) -> str | None:
    """The part of ``package``, a file or a folder, in which ``module`` is; None where it is in none."""
    if not module.startswith(f"{package}."):
        return None
    return f"{package}.{module.removeprefix(f'{package}.').split('.')[0]}"


def between_children(package: str, graph: Graph) -> Graph:
    """What each file or folder of ``package`` imports of the others beside it."""
    children: dict[str, set[str]] = {}
    for module, imported in graph.items():
        if child := child_of(package, module):
            found = {other for each in imported if (other := child_of(package, each))}
            children.setdefault(child, set()).update(found - {child})
    return {child: frozenset(others) for child, others in children.items()}


def circle_in(graph: Graph) -> list[str]:
    """A circle of imports, from a module back to itself; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]
    return []


def in_words(circle: list[str], graph: Graph) -> str:
    """The circle, with an import of one file by another for each of its arrows."""
    return "; ".join(an_import(one, other, graph) for one, other in pairwise(circle))


def an_import(room: str, other: str, graph: Graph) -> str:
    """One of the imports by which ``room`` depends on ``other``."""
    importers = (importer for importer in sorted(graph) if lies_in(room, importer))
    return next(f"{one} imports {two}" for one in importers for two in sorted(graph[one]) if lies_in(other, two))


def lies_in(room: str, module: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def packages(graph: Graph) -> list[str]:
    """The modules that have others in them."""
    return sorted({module.rpartition(".")[0] for module in graph} - {""})


def test_a_circle_is_found() -> None:
    graph = {"a.x.one": frozenset({"a.y.two"}), "a.y.two": frozenset(), "a.y.three": frozenset({"a.x.one"})}
    assert circle_in(graph) == []
    rooms = circle_in(between_children("a", graph))
    assert set(rooms) == {"a.x", "a.y"}
    assert set(in_words(rooms, graph).split("; ")) == {"a.x.one imports a.y.two", "a.y.three imports a.x.one"}
    assert circle_in({**graph, "a.y.two": frozenset({"a.x.one"})})


def test_deferred_imports_are_in_the_graph() -> None:
    assert "ninja_tui.replay" in imports()["ninja_tui.cli.commands"]


def test_no_module_imports_itself_by_way_of_others() -> None:
    circle = circle_in(imports())
    assert not circle, in_words(circle, imports())


@pytest.mark.parametrize("package", packages(imports()))
def test_the_rooms_of_a_package_import_each_other_in_one_direction(package: str) -> None:
    circle = circle_in(between_children(package, imports()))
    assert not circle, in_words(circle, imports())
