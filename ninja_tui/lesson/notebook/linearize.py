"""The tracks of a file: straight lines of statements in the order in which they run, with loops run once.

A track is the module's own line, or that up to a training loop and one turn of it. Functions that hold a forward
pass, notebook cells that are functions, and blocks under ``if`` and ``with`` are laid out where they run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ninja_tui.lesson.notebook.parse import Unit, inner_units, made
from ninja_tui.lesson.syntax.effects import free_reads
from ninja_tui.lesson.syntax.names import root_name, target_names
from ninja_tui.lesson.syntax.rename import renamed

LOSSES = frozenset({"loss", "cost", "nll", "mse", "total_loss", "L", "lossi", "error", "objective"})
DEEPEST = 20


@dataclass(frozen=True)
class Track:
    """``units[start:end]`` is what the track is about; what stands before leads to it, what follows comes after."""

    units: tuple[Unit, ...]
    start: int
    end: int
    loop: bool


@dataclass(frozen=True)
class Loop:
    """A training loop: what binds its variable for one turn, and its body."""

    header: tuple[Unit, ...]
    body: tuple[Unit | Loop, ...]


Item = Unit | Loop


def tracks_of(units: Sequence[Unit]) -> list[Track]:
    """The tracks of a file's top-level statements: loops in file order, the module's own line last."""
    functions = {unit.tree.name: unit for unit in units if isinstance(unit.tree, ast.FunctionDef)}
    layout = _Layout(functions)
    units = _cells_in_order(units)
    items = layout.lay_out(units)
    for name, unit in functions.items():  # nobody calls it: read as if it were called at the end, with what there is
        if name not in layout.called and _holds_backward(unit.tree) and not _is_cell(unit.tree):
            items += layout.inlined(unit, None, unit) or []
    return list(_tracks(items, [], [], loop=False))


def _tracks(items: Sequence[Item], before: list[Unit], after: list[Unit], *, loop: bool) -> Iterator[Track]:
    line: list[Unit] = []
    for at, item in enumerate(items):
        if isinstance(item, Loop):
            rest = [each for each in items[at + 1 :] if isinstance(each, Unit)]
            yield from _tracks(item.body, [*before, *line, *item.header], [*rest, *after], loop=True)
        else:
            line.append(item)
    yield Track((*before, *line, *after), len(before), len(before) + len(line), loop)


@dataclass
class _Layout:
    functions: Mapping[str, Unit]
    called: set[str] = field(default_factory=set)
    depth: int = 0

    def lay_out(self, units: Sequence[Unit]) -> list[Item]:
        return [item for unit in units for item in self._items(unit)]

    def _items(self, unit: Unit) -> list[Item]:
        tree = unit.tree
        match tree:
            case ast.If() if _is_main(tree.test):
                return self.lay_out(inner_units(unit, tree.body))
            case ast.If() if any(holds_loss(part) for part in tree.body):
                return self.lay_out(inner_units(unit, tree.body))
            case ast.If() if any(holds_loss(part) for part in tree.orelse):
                return self.lay_out(inner_units(unit, tree.orelse))
            case ast.With() if _is_plain(tree) or any(holds_loss(part) for part in tree.body):
                bindings = [
                    made(f"{ast.unparse(item.optional_vars)} = {ast.unparse(item.context_expr)}", unit.line)
                    for item in tree.items
                    if item.optional_vars is not None
                ]
                return [*bindings, *self.lay_out(inner_units(unit, tree.body))]
            case ast.Try() if any(holds_loss(part) for part in tree.body):
                return self.lay_out(inner_units(unit, [*tree.body, *tree.orelse, *tree.finalbody]))
            case ast.For() | ast.While() if trains(tree):
                return [Loop(_header(unit), tuple(self.lay_out(inner_units(unit, tree.body))))]
            case ast.FunctionDef() if _is_cell(tree):
                body = [part for part in tree.body if not isinstance(part, ast.Return)]
                return self.lay_out(inner_units(unit, body))
        function = self._forward_called(tree)
        inlined = self.inlined(function, tree, unit) if function else None
        return self._unpacked(unit) if inlined is None else inlined

    def _unpacked(self, unit: Unit) -> list[Item]:
        """``grads = calc(…)`` as ``dC, dW1 = calc(…)`` and ``grads = [dC, dW1]``, if the function returns these."""
        match unit.tree:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=called)) as call):
                given = _gradients_returned(self.functions.get(called))
                if given:
                    told = ", ".join(given)
                    unpacked = made(f"{told} = {ast.unparse(call)}", unit.line, unit.end_line)
                    return [unpacked, made(f"{name} = [{told}]", unit.line, unit.end_line)]
        return [unit]

    def _forward_called(self, tree: ast.stmt) -> Unit | None:
        """The function, if any, that a statement is a call of, and that holds a forward pass or a training loop."""
        call = _call_of(tree)
        if call is None or not isinstance(call.func, ast.Name):
            return None
        function = self.functions.get(call.func.id)
        if function is None or self.depth >= DEEPEST or call.func.id in self.called:
            return None
        return function if _holds_backward(function.tree) or any(map(holds_loss, _body(function.tree))) else None

    def inlined(self, function: Unit, tree: ast.stmt | None, at: Unit) -> list[Item] | None:
        """The statements of ``function`` in the place of the call in ``tree``; None where that cannot be done.

        Without a call the arguments are the names that they have.
        """
        definition = function.tree
        if not isinstance(definition, ast.FunctionDef):
            return None
        body = list(definition.body)
        last = body[-1]
        returned = last.value if isinstance(last, ast.Return) else None
        if isinstance(last, ast.Return):
            body.pop()
        if any(_returns(part) for part in body):
            return None
        call = _call_of(tree) if tree is not None else None
        bound = _bound_arguments(definition, call)
        if bound is None:
            return None
        self.called.add(definition.name)
        rebound = {name for part in body for node in ast.walk(part) for name in _stored(node)}
        same = {
            name: value.id for name, value in bound.items() if isinstance(value, ast.Name) and name not in rebound
        }  # fmt: skip
        others = {name: value for name, value in bound.items() if name not in same}
        units = inner_units(function, body)
        moved = {name: other for name, other in same.items() if name != other}
        if moved:
            units = [made(renamed(unit.code, moved, moved), unit.line, unit.end_line) for unit in units]
        if others:
            told = ", ".join(others) + " = " + ", ".join(map(ast.unparse, others.values()))
            units.insert(0, made(told, at.line, at.end_line))
        if returned is not None and isinstance(tree, ast.Assign):
            value = renamed(ast.unparse(returned), moved, moved)
            told = " = ".join(map(ast.unparse, tree.targets))
            if told != value:
                units.append(made(f"{told} = {value}", returned.lineno + function.line - 1))
        elif returned is not None and tree is None and not isinstance(returned, ast.Tuple | ast.Name | ast.Dict):
            units.append(made(f"loss = {ast.unparse(returned)}", returned.lineno + function.line - 1))
        self.depth += 1
        items = self.lay_out(units)
        self.depth -= 1
        return items


def _gradients_returned(function: Unit | None) -> list[str]:
    """The names of the gradients of which a function returns a list or tuple; nothing for any other function."""
    body = _body(function.tree) if function is not None else []
    match body[-1] if body else None:
        case ast.Return(value=ast.List(elts=elements) | ast.Tuple(elts=elements)):
            names = [element.id for element in elements if isinstance(element, ast.Name)]
            if len(names) == len(elements) > 1 and all(name.startswith("d") or "grad" in name for name in names):
                return names
    return []


def _call_of(tree: ast.stmt | None) -> ast.Call | None:
    match tree:
        case ast.Expr(value=ast.Call() as call) | ast.Assign(value=ast.Call() as call):
            return call
    return None


def _bound_arguments(function: ast.FunctionDef, call: ast.Call | None) -> dict[str, ast.expr] | None:
    """What each argument is in a call; its own name where there is no call. None where they do not fit."""
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    if arguments.vararg or arguments.kwarg or (names and names[0] == "self"):
        return None
    bound: dict[str, ast.expr] = {}
    positional = names[: len(arguments.posonlyargs) + len(arguments.args)]
    for name, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        bound[name] = default
    for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            bound[argument.arg] = value
    if call is None:
        return bound
    if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        return None
    bound |= dict(zip(positional, call.args, strict=False))
    bound |= {str(keyword.arg): keyword.value for keyword in call.keywords}
    return {name: bound[name] for name in names} if set(bound) == set(names) else None


def _header(unit: Unit) -> tuple[Unit, ...]:
    """What binds a loop's variables as its first turn does."""
    tree = unit.tree
    if not isinstance(tree, ast.For):
        return ()
    iterated = _without_bar(tree.iter)
    code = f"{ast.unparse(tree.target)} = next(iter({ast.unparse(iterated)}))"
    return (made(code, unit.line),)


def _without_bar(iterated: ast.expr) -> ast.expr:
    """What a progress bar is laid around."""
    match iterated:
        case ast.Call(func=function, args=args) if args:
            name = ast.unparse(function)
            if name.endswith("trange"):
                return ast.Call(ast.Name("range"), args, [])
            if "tqdm" in name or name.endswith(("track", "progress_bar", "notebook")):
                return args[0]
    return iterated


def trains(tree: ast.stmt) -> bool:
    """Whether a loop is one of training: it goes backward, or finds a loss and updates something."""
    if not isinstance(tree, ast.For | ast.While):
        return False
    if _holds_backward(tree):
        return True
    binds_loss = any(_binds_loss(node) for node in _inside(tree))
    return binds_loss and any(_updates(node) for node in _inside(tree))


def holds_loss(tree: ast.stmt) -> bool:
    """Whether a statement finds a loss of a forward pass, or goes backward from one."""
    return _holds_backward(tree) or any(_binds_loss(node) for node in _inside(tree))


def is_backward(node: ast.AST) -> bool:
    """Whether ``node`` is a call of ``.backward()`` of a tensor."""
    match node:
        case ast.Call(func=ast.Attribute(attr="backward"), args=args):
            return len(args) <= 1
    return False


def _holds_backward(tree: ast.AST) -> bool:
    inner = tree.body if isinstance(tree, ast.FunctionDef) else [tree]
    return any(is_backward(node) for part in inner for node in _inside(part))


def _binds_loss(node: ast.AST) -> bool:
    match node:
        case ast.Assign(targets=targets):
            return any(name in LOSSES for target in targets for name in target_names(target))
    return False


def _updates(node: ast.AST) -> bool:
    match node:
        case ast.AugAssign(target=target, op=op, value=value):
            downhill = isinstance(op, ast.Sub) or (isinstance(value, ast.BinOp) and isinstance(value.left, ast.UnaryOp))
            return downhill or (isinstance(target, ast.Attribute) and target.attr == "data")
        case ast.Call(func=ast.Attribute(attr="step" | "sub_" | "add_")):
            return True
    return isinstance(node, ast.Assign) and stepped(node) is not None


def stepped(tree: ast.AST) -> str | None:
    """The tensor that a statement adds to, or takes from, as a step of training does."""
    match tree:
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub()):
            return root_name(target)
        case ast.Assign(targets=[ast.Attribute(attr="data") as target]):
            return root_name(target)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(left=left, op=ast.Sub(), right=ast.BinOp())):
            return name if name == root_name(left) else None
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="sub_" | "add_"))):
            return root_name(owner)
    return None


def _inside(tree: ast.AST) -> Iterator[ast.AST]:
    """``tree`` and what runs as a part of it, without the bodies of functions and classes."""
    yield tree
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        for child in ast.iter_child_nodes(tree):
            yield from _inside(child)


def _body(tree: ast.stmt) -> list[ast.stmt]:
    return tree.body if isinstance(tree, ast.FunctionDef) else []


def _returns(tree: ast.stmt) -> bool:
    return any(isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) for node in _inside(tree))


def _stored(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id


def _is_main(test: ast.expr) -> bool:
    return "__name__" in ast.unparse(test)


def _is_plain(tree: ast.With) -> bool:
    """Whether a ``with`` only says how autograd, or a notebook, is to treat its body."""
    told = ("no_grad", "enable_grad", "inference_mode", "set_grad_enabled", "app.setup", "autocast", "redirect_stdout")
    return all(any(word in ast.unparse(item.context_expr) for word in told) for item in tree.items)


def _is_cell(tree: ast.stmt) -> bool:
    """Whether a function is a marimo cell."""
    decorators = tree.decorator_list if isinstance(tree, ast.FunctionDef) else []
    return any(
        root_name(each.func if isinstance(each, ast.Call) else each) == "app" and "cell" in ast.unparse(each)
        for each in decorators
    )


def _cells_in_order(units: Sequence[Unit]) -> list[Unit]:
    """Marimo cells in the order in which they run: after those that bind what they are given."""
    waiting = [unit for unit in units if _is_cell(unit.tree)]
    if not waiting:
        return list(units)
    order = [unit for unit in units if not _is_cell(unit.tree)]
    defined = {
        unit.line: {name for n in ast.walk(unit.tree) for name in _stored(n)} | _imported(unit.tree) for unit in waiting
    }
    while waiting:
        unmet = {name for unit in waiting for name in defined[unit.line]}
        ready = next(
            (unit for unit in waiting if not (unmet - defined[unit.line]).intersection(_given_to(unit.tree))),
            waiting[0],
        )
        waiting.remove(ready)
        order.append(ready)
    return order


def _imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        if isinstance(node, ast.FunctionDef) and node is not tree:
            found.add(node.name)
    return found


def _given_to(tree: ast.stmt) -> set[str]:
    arguments = {argument.arg for argument in tree.args.args} if isinstance(tree, ast.FunctionDef) else set()
    return arguments | set(free_reads(tree))
