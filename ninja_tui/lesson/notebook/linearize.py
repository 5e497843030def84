"""The tracks of a file: straight lines of statements in the order in which they run, with loops run once.

A track is the module's own line, or that up to a training loop and one turn of it. Functions that hold a forward
pass, notebook cells that are functions, and blocks under ``if`` and ``with`` are laid out where they run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ninja_tui.lesson.syntax.fragment import Fragment, inner_fragments
from ninja_tui.lesson.syntax.free_names import arguments_of, free_reads, names_for_cell
from ninja_tui.lesson.syntax.imports import single_imports
from ninja_tui.lesson.syntax.names import returns, root_name, stored_names
from ninja_tui.lesson.syntax.rename import renamed
from ninja_tui.lesson.syntax.training_steps import calls_backward, computes_loss, is_training_loop

DEEPEST = 20
"""Calls within calls that are laid out."""
PLAIN_CONTEXTS = (
    "no_grad", "enable_grad", "inference_mode", "set_grad_enabled", "app.setup", "autocast", "redirect_stdout",
)  # fmt: skip


@dataclass(frozen=True)
class Track:
    """``fragments[start:end]`` is what the track is about; what stands before leads to it, what follows comes after."""

    fragments: tuple[Fragment, ...]
    start: int
    end: int
    loop: bool


@dataclass(frozen=True)
class Loop:
    """A training loop: what binds its variable for one turn, and its body."""

    header: tuple[Fragment, ...]
    body: tuple[Fragment | Loop, ...]


Item = Fragment | Loop


def tracks_of(fragments: Sequence[Fragment]) -> list[Track]:
    """The tracks of a file's top-level statements: loops in file order, the module's own line last."""
    functions = {fragment.tree.name: fragment for fragment in fragments if isinstance(fragment.tree, ast.FunctionDef)}
    layout = _Layout(functions)
    fragments = _cells_in_order(fragments)
    items = layout.lay_out(fragments)
    for name, function in functions.items():  # nobody calls it: read as if it were called at the end
        if name not in layout.called and calls_backward(function.tree) and not _is_cell(function.tree):
            items += layout.inlined(function, None, function) or []
    return list(_tracks(items, [], [], loop=False))


def _tracks(items: Sequence[Item], before: list[Fragment], after: list[Fragment], *, loop: bool) -> Iterator[Track]:
    line: list[Fragment] = []
    for at, item in enumerate(items):
        if isinstance(item, Loop):
            rest = [each for each in items[at + 1 :] if isinstance(each, Fragment)]
            yield from _tracks(item.body, [*before, *line, *item.header], [*rest, *after], loop=True)
        else:
            line.append(item)
    yield Track((*before, *line, *after), len(before), len(before) + len(line), loop)


@dataclass
class _Layout:
    functions: Mapping[str, Fragment]
    called: set[str] = field(default_factory=set)
    depth: int = 0

    def lay_out(self, fragments: Sequence[Fragment]) -> list[Item]:
        return [item for fragment in fragments for item in self._items(fragment)]

    def _items(self, fragment: Fragment) -> list[Item]:
        tree = fragment.tree
        match tree:
            case ast.If() if _is_main(tree.test):
                return self.lay_out(_inner(fragment, tree.body))
            case ast.If() if any(computes_loss(part) for part in tree.body):
                return self.lay_out(_inner(fragment, tree.body))
            case ast.If() if any(computes_loss(part) for part in tree.orelse):
                return self.lay_out(_inner(fragment, tree.orelse))
            case ast.With() if _is_plain(tree) or any(computes_loss(part) for part in tree.body):
                bindings = [
                    Fragment.at(f"{ast.unparse(item.optional_vars)} = {ast.unparse(item.context_expr)}", fragment.line)
                    for item in tree.items
                    if item.optional_vars is not None
                ]
                return [*bindings, *self.lay_out(_inner(fragment, tree.body))]
            case ast.Try() if any(computes_loss(part) for part in tree.body):
                return self.lay_out(_inner(fragment, [*tree.body, *tree.orelse, *tree.finalbody]))
            case ast.For() | ast.While() if is_training_loop(tree):
                return [Loop(_header(fragment), tuple(self.lay_out(_inner(fragment, tree.body))))]
            case ast.FunctionDef() if _is_cell(tree):
                body = [part for part in tree.body if not isinstance(part, ast.Return)]
                return self.lay_out(_inner(fragment, body))
        function = self._forward_called(tree)
        inlined = self.inlined(function, tree, fragment) if function else None
        return self._unpacked(fragment) if inlined is None else inlined

    def _unpacked(self, fragment: Fragment) -> list[Item]:
        """``grads = calc(…)`` as ``dC, dW1 = calc(…)`` and ``grads = [dC, dW1]``, if the function returns these."""
        match fragment.tree:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=called)) as call):
                gradients = ", ".join(_gradients_returned(self.functions.get(called)))
                if gradients:
                    unpacked = fragment.with_code(f"{gradients} = {ast.unparse(call)}")
                    return [unpacked, fragment.with_code(f"{name} = [{gradients}]")]
        return [fragment]

    def _forward_called(self, tree: ast.stmt) -> Fragment | None:
        """The function, if any, that a statement is a call of, and that holds a forward pass or a training loop."""
        call = _call_of(tree)
        if call is None or not isinstance(call.func, ast.Name):
            return None
        function = self.functions.get(call.func.id)
        if function is None or self.depth >= DEEPEST or call.func.id in self.called:
            return None
        return function if calls_backward(function.tree) or any(map(computes_loss, _body(function.tree))) else None

    def inlined(self, function: Fragment, tree: ast.stmt | None, at: Fragment) -> list[Item] | None:
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
        if any(returns(part) for part in body):
            return None
        call = _call_of(tree) if tree is not None else None
        bound = _bound_arguments(definition, call)
        if bound is None:
            return None
        self.called.add(definition.name)
        rebound = {name for part in body for name in stored_names(part)}
        same = {
            name: value.id for name, value in bound.items() if isinstance(value, ast.Name) and name not in rebound
        }  # fmt: skip
        others = {name: value for name, value in bound.items() if name not in same}
        fragments = _inner(function, body)
        other_names = {name: other for name, other in same.items() if name != other}
        if other_names:
            fragments = [each.with_code(renamed(each.code, other_names, other_names)) for each in fragments]
        if others:
            code = ", ".join(others) + " = " + ", ".join(map(ast.unparse, others.values()))
            fragments.insert(0, at.with_code(code))
        if returned is not None and isinstance(tree, ast.Assign):
            value = renamed(ast.unparse(returned), other_names, other_names)
            targets = " = ".join(map(ast.unparse, tree.targets))
            if targets != value:
                fragments.append(Fragment.at(f"{targets} = {value}", returned.lineno + function.line - 1))
        elif returned is not None and tree is None and not isinstance(returned, ast.Tuple | ast.Name | ast.Dict):
            fragments.append(Fragment.at(f"loss = {ast.unparse(returned)}", returned.lineno + function.line - 1))
        self.depth += 1
        items = self.lay_out(fragments)
        self.depth -= 1
        return items


def _gradients_returned(function: Fragment | None) -> list[str]:
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


def _header(fragment: Fragment) -> tuple[Fragment, ...]:
    """The assignment of a loop's variables for its first turn."""
    tree = fragment.tree
    if not isinstance(tree, ast.For):
        return ()
    iterated = _without_bar(tree.iter)
    code = f"{ast.unparse(tree.target)} = next(iter({ast.unparse(iterated)}))"
    return (Fragment.at(code, fragment.line),)


def _without_bar(iterated: ast.expr) -> ast.expr:
    """The iterable inside a progress bar."""
    match iterated:
        case ast.Call(func=function, args=args) if args:
            name = ast.unparse(function)
            if name.endswith("trange"):
                return ast.Call(ast.Name("range"), args, [])
            if "tqdm" in name or name.endswith(("track", "progress_bar", "notebook")):
                return args[0]
    return iterated


def _body(tree: ast.stmt) -> list[ast.stmt]:
    return tree.body if isinstance(tree, ast.FunctionDef) else []


def _is_main(test: ast.expr) -> bool:
    return "__name__" in ast.unparse(test)


def _is_plain(tree: ast.With) -> bool:
    """Whether a ``with`` only says how autograd, or a notebook, is to treat its body."""
    return all(any(word in ast.unparse(item.context_expr) for word in PLAIN_CONTEXTS) for item in tree.items)


def _is_cell(tree: ast.stmt) -> bool:
    """Whether a function is a marimo cell."""
    decorators = tree.decorator_list if isinstance(tree, ast.FunctionDef) else []
    return any(
        root_name(each.func if isinstance(each, ast.Call) else each) == "app" and "cell" in ast.unparse(each)
        for each in decorators
    )


def _cells_in_order(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Marimo cells in the order in which they run: after those that bind what they read."""
    waiting = [each for each in fragments if _is_cell(each.tree)]
    order = [each for each in fragments if not _is_cell(each.tree)]
    binds = {each.line: names_for_cell(each.tree) for each in waiting}
    while waiting:
        unmet = {name for each in waiting for name in binds[each.line]}
        ready = next((each for each in waiting if not (unmet - binds[each.line]) & _cell_reads(each.tree)), waiting[0])
        waiting.remove(ready)
        order.append(ready)
    return order


def _cell_reads(tree: ast.stmt) -> set[str]:
    arguments = arguments_of(tree) if isinstance(tree, ast.FunctionDef) else ()
    return {*arguments, *free_reads(tree)}


def _inner(fragment: Fragment, body: Sequence[ast.stmt]) -> list[Fragment]:
    """The fragments of ``body``, statements inside ``fragment``; one for each import."""
    return [single for part in inner_fragments(fragment, body) for single in single_imports(part)]
