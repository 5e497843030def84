"""What a statement defines, changes and reads, in the file in which it stands."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ninja_tui.lesson.syntax.displays import is_display
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.free_names import arguments_of, declared_global, defined, free_reads, value_reads
from ninja_tui.lesson.syntax.names import BUILTINS, calls_of, changed, reads, root_name, target_names
from ninja_tui.lesson.syntax.walk import everything, running


@dataclass(frozen=True)
class Called:
    """The names of the file that a function reads when it is called, and those that it binds by ``global``."""

    reads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FileContext:
    """What a file says beside a statement: its ``modules``, functions without side effects, and lists of tensors.

    ``builtins`` are the names that are Python's own in it: not a ``sum`` that the file binds. ``calls`` has, by a
    function's name, what calling it does to names of the file.
    """

    modules: frozenset[str] = frozenset()
    pure_functions: frozenset[str] = frozenset()
    lists: dict[str, frozenset[str]] = field(default_factory=dict)
    builtins: frozenset[str] = BUILTINS
    calls: dict[str, Called] = field(default_factory=dict)

    @classmethod
    def of(cls, fragments: Iterable[Fragment]) -> FileContext:
        """The context that ``fragments`` make."""
        modules: set[str] = set()
        lists: dict[str, frozenset[str]] = {}
        functions: list[ast.FunctionDef] = []
        bound: set[str] = set()
        for fragment in fragments:
            for node in everything(fragment.tree):
                match node:
                    case ast.Import(names=aliases):
                        modules |= {(alias.asname or alias.name).split(".")[0] for alias in aliases}
                    case ast.ImportFrom(names=aliases):
                        modules |= {alias.asname or alias.name for alias in aliases}
                    case ast.FunctionDef():
                        functions.append(node)
                    case ast.Name(id=name, ctx=ast.Store()):
                        bound.add(name)
                    case ast.Assign(targets=[ast.Name(id=name)], value=value) if elements_of(value):
                        lists[name] = lists.get(name, frozenset()) | elements_of(value)
        pure = {function.name for function in functions if _is_pure(function)}
        return cls(frozenset(modules), frozenset(pure), lists, BUILTINS - bound, _calls(functions))


def _calls(functions: Iterable[ast.FunctionDef]) -> dict[str, Called]:
    """What calling each function does, with what the functions do that it calls."""
    called: dict[str, Called] = {}
    for function in functions:
        declared = {name for part in function.body for name in declared_global(part)}
        binds = declared & {name for part in function.body for name in defined(part)}
        called[function.name] = Called(frozenset(free_reads(function)), frozenset(binds))
    for names in _cycles({name: each.reads & called.keys() for name, each in called.items()}):
        inner = {other for name in names for other in called[name].reads if other in called}
        read = {each for name in {*names, *inner} for each in called[name].reads if each not in called}
        bound = {each for name in {*names, *inner} for each in called[name].binds}
        called |= dict.fromkeys(names, Called(frozenset(read), frozenset(bound)))
    return called


def _cycles(calls: Mapping[str, Collection[str]]) -> Iterator[tuple[str, ...]]:
    """The names that reach each other by ``calls``, those together that do so, callees first (Tarjan's algorithm)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    for root in calls:
        waiting = [(root, iter(sorted(calls[root])))] if root not in number else []
        while waiting:
            name, others = waiting[-1]
            if name not in number:
                number[name] = lowest[name] = len(number)
                path.append(name)
                on_path.add(name)
            for other in others:
                if other not in number:
                    waiting.append((other, iter(sorted(calls[other]))))
                    break
                if other in on_path:
                    lowest[name] = min(lowest[name], number[other])
            else:
                waiting.pop()
                if waiting:
                    lowest[waiting[-1][0]] = min(lowest[waiting[-1][0]], lowest[name])
                if lowest[name] == number[name]:
                    at = path.index(name)
                    names = tuple(path[at:])
                    del path[at:]
                    on_path.difference_update(names)
                    yield names


def elements_of(value: ast.expr) -> frozenset[str]:
    """The names in a literal list, tuple or dict, and in sums of such."""
    match value:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Dict(values=elements):
            return frozenset(element.id for element in elements if isinstance(element, ast.Name))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return elements_of(left) | elements_of(right)
    return frozenset()


def _is_pure(function: ast.FunctionDef) -> bool:
    """Whether a function changes none of its arguments, nor anything outside."""
    if any(isinstance(node, ast.Global | ast.Nonlocal) for node in everything(function)):
        return False
    arguments = set(arguments_of(function))
    return not any(arguments & changed(part) for part in function.body)


@dataclass(frozen=True, eq=False)
class Effects:
    """What one statement does. It may be compound: bodies count, those of functions for reading only."""

    fragment: Fragment
    context: FileContext = field(default_factory=FileContext)

    @cached_property
    def _called(self) -> tuple[Called, ...]:
        """The functions of the file that it calls."""
        if not self.context.calls:
            return ()
        names = calls_of(self.tree) & self.context.calls.keys()
        return tuple(self.context.calls[name] for name in sorted(names))

    @property
    def tree(self) -> ast.stmt:
        """The statement's tree."""
        return self.fragment.tree

    @cached_property
    def defines(self) -> frozenset[str]:
        """The names that it binds, whether it reads them or not; ``*`` for a star import."""
        return frozenset(defined(self.tree)).union(*(each.binds for each in self._called))

    @cached_property
    def kills(self) -> frozenset[str]:
        """The names that hold nothing of what they held before."""
        simple = ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
        return frozenset(defined(self.tree)) if isinstance(self.tree, simple) else frozenset()

    @cached_property
    def changes(self) -> frozenset[str]:
        """The names whose values it changes in place, or may: the arguments of a statement that is a call."""
        listed = (self.context.lists.get(name, frozenset()) for name in self.direct_changes)
        return self.direct_changes.union(*listed)

    @cached_property
    def direct_changes(self) -> frozenset[str]:
        """Those of ``changes`` that it names itself: not what stands in lists that it may change."""
        return frozenset(_changes(self.tree, self.context))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names that it reads from outside."""
        read = frozenset(free_reads(self.tree)).union(*(each.reads - each.binds for each in self._called))
        return read - (self.context.builtins - self.defines)

    @cached_property
    def value_reads(self) -> frozenset[str]:
        """Those of ``reads`` whose values, not only shapes, it reads."""
        return frozenset(value_reads(self.tree)).union(*(each.reads for each in self._called)) & self.reads

    @cached_property
    def reads_grad(self) -> bool:
        """Whether it reads the ``.grad`` of a tensor."""
        return any(
            isinstance(node, ast.Attribute) and node.attr == "grad" and isinstance(node.ctx, ast.Load)
            for node in everything(self.tree)
        )

    @cached_property
    def displays(self) -> bool:
        """Whether it is for people, or tells autograd what to do."""
        return is_display(self.tree)


def _changes(tree: ast.stmt, context: FileContext) -> Iterator[str]:
    if is_display(tree):
        return
    yield from changed(tree)
    iterated: dict[str, frozenset[str]] = {}
    for node in running(tree):
        if isinstance(node, ast.For):
            iterated |= dict.fromkeys(target_names(node.target), frozenset(reads(node.iter)) - BUILTINS)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not is_display(node):
            yield from _changed_by_call(node.value, context)
        if isinstance(node, ast.stmt):
            for name in changed(node):
                yield from iterated.get(name, ())


def _changed_by_call(call: ast.Call, context: FileContext) -> Iterator[str]:
    """What a call that is a statement of its own may change: a method's receiver, a function's arguments."""
    receiver = root_name(call.func)
    if isinstance(call.func, ast.Attribute) and receiver is not None:
        method = call.func.attr
        if receiver not in context.modules or "seed" in method or method.startswith(("set_", "use_")):
            yield receiver
            return
        if method in ("shuffle", "copyto", "put"):
            yield receiver
        elif not method.endswith("_"):
            return
    elif isinstance(call.func, ast.Name) and call.func.id in context.pure_functions | BUILTINS - {"setattr", "exec"}:
        return
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(argument, ast.Name | ast.Attribute | ast.Subscript | ast.Starred):
            name = root_name(argument)
            if name is not None:
                yield name
