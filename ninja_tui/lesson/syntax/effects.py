"""What a statement defines, changes and reads, and what of it is only to be looked at."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ninja_tui.lesson.notebook.parse import Unit, made
from ninja_tui.lesson.syntax.names import changed, reads, root_name, target_names

SHOWS = frozenset({
    "print", "display", "pprint", "plt", "pyplot", "sns", "fig", "ax", "axs", "axes", "px", "help", "input",
    "tqdm", "logging", "logger", "wandb", "writer", "HTML", "Image", "get_ipython", "warnings", "gc", "pbar",
})  # fmt: skip
"""What a call to is for people: it changes nothing that a network is made of."""
ADMINISTRATION = frozenset({"backward", "retain_grad", "zero_grad", "step", "tolist", "item", "size", "dim", "type"})
SHAPES = frozenset({"shape", "size", "dtype", "device", "ndim", "dim", "numel", "nelement", "type", "element_size"})
"""What is read of a tensor through these does not depend on its values."""
BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True)
class Surroundings:
    """What a file says beside a statement: its ``modules``, functions that only look, and lists of tensors.

    ``builtins`` are the names that are Python's own in it: not a ``sum`` that the file binds.
    """

    modules: frozenset[str] = frozenset()
    lookers: frozenset[str] = frozenset()
    lists: dict[str, frozenset[str]] = field(default_factory=dict)
    builtins: frozenset[str] = BUILTINS

    @classmethod
    def of(cls, units: Iterable[Unit]) -> Surroundings:
        """The surroundings that ``units`` make."""
        modules: set[str] = set()
        lists: dict[str, frozenset[str]] = {}
        functions: list[ast.FunctionDef] = []
        bound: set[str] = set()
        for unit in units:
            for node in ast.walk(unit.tree):
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
        lookers = {function.name for function in functions if _only_looks(function)}
        return cls(frozenset(modules), frozenset(lookers), lists, BUILTINS - bound)


def elements_of(value: ast.expr) -> frozenset[str]:
    """The names in a literal list, tuple or dict, and in sums of such."""
    match value:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Dict(values=elements):
            return frozenset(element.id for element in elements if isinstance(element, ast.Name))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return elements_of(left) | elements_of(right)
    return frozenset()


def _only_looks(function: ast.FunctionDef) -> bool:
    """Whether a function changes none of its arguments, nor anything outside."""
    arguments = {argument.arg for argument in _arguments(function.args)}
    if any(isinstance(node, ast.Global | ast.Nonlocal) for node in ast.walk(function)):
        return False
    return not any(arguments & set(changed(part)) for part in function.body)


class Effects:
    """What one statement does. ``tree`` may be compound: bodies count, those of functions for reading only."""

    def __init__(self, unit: Unit, around: Surroundings | None = None) -> None:
        self.unit = unit
        self._tree = unit.tree
        self._around = around or Surroundings()

    @cached_property
    def defines(self) -> frozenset[str]:
        """The names that it binds, whether it reads them or not."""
        return frozenset(_defined(self._tree))

    @cached_property
    def kills(self) -> frozenset[str]:
        """The names that hold nothing of what they held before."""
        simple = ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
        return self.defines if isinstance(self._tree, simple) else frozenset()

    @cached_property
    def changes(self) -> frozenset[str]:
        """The names whose values it changes in place, or may: what a statement that is a call is given."""
        found = set(self.own_changes)
        return frozenset(found.union(*(self._around.lists.get(name, ()) for name in found)))

    @cached_property
    def own_changes(self) -> frozenset[str]:
        """Those of ``changes`` that it names itself: not what stands in lists that it may change."""
        return frozenset(_changed(self._tree, self._around))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names that it reads, as far as they are not its own."""
        return frozenset(free_reads(self._tree)) - (self._around.builtins - self.defines)

    @cached_property
    def reads_grad(self) -> bool:
        """Whether it reads somebody's ``.grad``."""
        return any(
            isinstance(node, ast.Attribute) and node.attr == "grad" and isinstance(node.ctx, ast.Load)
            for node in ast.walk(self._tree)
        )

    @cached_property
    def shows(self) -> bool:
        """Whether it is for people to look at, or tells autograd what to do."""
        return is_show(self._tree)


def is_show(tree: ast.stmt) -> bool:
    """Whether a statement prints, plots, asserts, or is an expression whose value is thrown away."""
    if isinstance(tree, ast.Assert):
        return True
    if not isinstance(tree, ast.Expr):
        return False
    value = tree.value.value if isinstance(tree.value, ast.Await) else tree.value
    if not isinstance(value, ast.Call):
        return not isinstance(value, ast.NamedExpr)
    if isinstance(value.func, ast.Attribute) and value.func.attr in ADMINISTRATION:
        return True
    return root_name(value.func) in SHOWS


def _defined(tree: ast.AST) -> Iterator[str]:
    match tree:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            return
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for node in ast.walk(tree):
                if isinstance(node, ast.NamedExpr):
                    yield node.target.id
            return
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in aliases)
            return
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.ExceptHandler(name=str() as name):
            yield name
    for child in ast.iter_child_nodes(tree):
        yield from _defined(child)


def _changed(tree: ast.stmt, around: Surroundings) -> Iterator[str]:
    if is_show(tree):
        return
    yield from changed(tree)
    own: dict[str, frozenset[str]] = {}
    for node in _running(tree):
        if isinstance(node, ast.For):
            own |= dict.fromkeys(target_names(node.target), frozenset(reads(node.iter)) - BUILTINS)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not is_show(node):
            yield from _given(node.value, around)
        if isinstance(node, ast.stmt):
            for name in changed(node):
                yield from own.get(name, ())


def _given(call: ast.Call, around: Surroundings) -> Iterator[str]:
    """What a call that is a statement of its own may change: a method's receiver, a function's arguments."""
    receiver = root_name(call.func)
    if isinstance(call.func, ast.Attribute) and receiver is not None:
        name = call.func.attr
        if receiver not in around.modules:
            yield receiver
            return
        if "seed" in name or name.startswith(("set_", "use_")):
            yield receiver
            return
        if name not in ("shuffle", "copyto", "put") and not name.endswith("_"):
            return
        if not name.endswith("_"):
            yield receiver
    elif isinstance(call.func, ast.Name) and call.func.id in around.lookers | BUILTINS - {"setattr", "exec"}:
        return
    for given in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(given, ast.Name | ast.Attribute | ast.Subscript | ast.Starred):
            name_given = root_name(given)
            if name_given is not None:
                yield name_given


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    yield tree
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        for child in ast.iter_child_nodes(tree):
            yield from _running(child)


def free_reads(tree: ast.AST) -> tuple[str, ...]:
    """The names that ``tree`` reads and that are not only its own: no arguments, loop variables of expressions."""
    if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        inner = tree.body if isinstance(tree.body, list) else [tree.body]
        arguments = {argument.arg for argument in _arguments(tree.args)}
        local = arguments | {name for part in inner for name in _defined(part)}
        local -= {name for part in inner for name in _declared_global(part)}
        outside = [*tree.args.defaults, *filter(None, tree.args.kw_defaults), *getattr(tree, "decorator_list", [])]
        found = [name for part in inner for name in free_reads(part) if name not in local]
        return tuple(dict.fromkeys([*found, *(name for part in outside for name in free_reads(part))]))
    if isinstance(tree, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        local = {name for generator in tree.generators for name in target_names(generator.target)}
        found = [name for child in ast.iter_child_nodes(tree) for name in free_reads(child)]
        first = free_reads(tree.generators[0].iter)
        return tuple(dict.fromkeys(name for name in found if name not in local or name in first))
    if isinstance(tree, ast.For):
        own = set(target_names(tree.target))
        turned = [name for name in _block_reads([*tree.body, *tree.orelse]) if name not in own]
        return tuple(dict.fromkeys([*free_reads(tree.iter), *free_reads(tree.target), *turned]))
    if isinstance(tree, ast.With):
        opened = {name for item in tree.items if item.optional_vars for name in target_names(item.optional_vars)}
        given = [name for item in tree.items for name in free_reads(item.context_expr)]
        return tuple(dict.fromkeys([*given, *(name for name in _block_reads(tree.body) if name not in opened)]))
    if isinstance(tree, ast.If | ast.While):
        blocks = [*_block_reads(tree.body), *_block_reads(tree.orelse)]
        return tuple(dict.fromkeys([*free_reads(tree.test), *blocks]))
    if isinstance(tree, ast.Name):
        return (tree.id,) if isinstance(tree.ctx, ast.Load) else ()
    if isinstance(tree, ast.AugAssign) and isinstance(tree.target, ast.Name):
        return tuple(dict.fromkeys([tree.target.id, *free_reads(tree.value)]))
    return tuple(dict.fromkeys(name for child in ast.iter_child_nodes(tree) for name in free_reads(child)))


def _block_reads(body: list[ast.stmt]) -> Iterator[str]:
    """What statements in a row read, without what those before them bind."""
    bound: set[str] = set()
    for part in body:
        yield from (name for name in free_reads(part) if name not in bound)
        if isinstance(part, ast.Assign | ast.AnnAssign):
            bound |= set(_defined(part))


def value_reads(tree: ast.AST) -> tuple[str, ...]:
    """As ``free_reads``, without what is read only for its shape."""
    shapes = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in SHAPES and isinstance(node.value, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="len" | "print"), args=[ast.Name() as only]):
                shapes.add(id(only))
            case ast.Call(func=ast.Attribute(attr=attr), args=[ast.Name() as first, *_]) if attr.endswith("_like"):
                shapes.add(id(first))
    seen = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in shapes}
    return tuple(name for name in free_reads(tree) if name in seen)


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (argument for argument in (arguments.vararg, arguments.kwarg) if argument)


def _declared_global(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names


def pruned(unit: Unit) -> Unit:
    """The unit without the prints and plots inside it; they make way for ``pass``."""
    if not hasattr(unit.tree, "body"):
        return unit
    lines = unit.code.split("\n")
    spoilt = False
    for node in ast.walk(unit.tree):
        if not isinstance(node, ast.stmt) or not is_show(node) or _is_docstring(node):
            continue
        last = node.end_lineno or node.lineno
        first = lines[node.lineno - 1]
        if first[: node.col_offset].strip() or lines[last - 1].encode()[node.end_col_offset :].strip(b" \t;"):
            continue
        spoilt = True
        lines[node.lineno - 1] = first[: node.col_offset] + "pass"
        for number in range(node.lineno, last):
            lines[number] = ""
    if not spoilt:
        return unit
    try:
        return made("\n".join(lines), unit.line, unit.end_line)
    except SyntaxError:
        return unit


def _is_docstring(tree: ast.stmt) -> bool:
    return isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant)


def names(units: Iterable[Effects]) -> frozenset[str]:
    """All names that ``units`` define."""
    return frozenset(name for unit in units for name in unit.defines)
