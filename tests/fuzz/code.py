"""Python that a parser takes, and that nobody would write: statements of all kinds, about a network."""

from __future__ import annotations

from random import Random

NAMES = (
    "w", "w", "x", "b", "h", "loss", "loss", "dw", "dx", "dh", "dloss", "d_b", "p", "g", "parameters", "params",
    "grads", "n", "torch", "F", "np", "f", "step", "self", "Net", "cmp", "print", "_", "é",
)  # fmt: skip
METHODS = (
    "sum", "mean", "backward", "grad", "data", "T", "shape", "view", "add_", "zero_", "requires_grad_", "retain_grad",
    "item", "clone", "randn", "tensor", "nn", "Parameter", "no_grad", "append", "exp", "ones_like", "seed", "a",
)  # fmt: skip
CONSTANTS = (
    "1",
    "-1",
    "0.5",
    "1e999",
    "0x" + "f" * 4000,
    "'w'",
    "'points.csv'",
    "'''a\nb'''",
    "None",
    "...",
    "True",
    "b''",
    "1j",
)
OPERATORS = ("+", "-", "*", "/", "@", "**", "%", "//", "<<", "&", "|", "<", "==", "is not", "in", "and", "or", "not in")
BLOCKS = (
    "if {e}:\n{b}", "if {e}:\n{b}\nelif {e}:\n{b}\nelse:\n{b}", "if __name__ == '__main__':\n{b}",
    "for {t} in {e}:\n{b}", "for {t} in tqdm(range(9)):\n{b}\nelse:\n{b}", "for {n}, {n} in zip({e}, {e}):\n{b}",
    "while {e}:\n{b}", "with torch.no_grad():\n{b}", "with {e} as {t}, {e}:\n{b}",
    "try:\n{b}\nexcept {n} as {n}:\n{b}\nfinally:\n{b}", "try:\n{b}\nexcept* {n}:\n{b}",
    "def {n}({n}, *, k={e}):\n{b}\n    return {e}", "def {n}({n}, /, y={e}, *a, **k):\n{b}",
    "def f(x):\n{b}\n    return x, {n}", "def step():\n    global w\n{b}", "class {n}(nn.Module):\n{b}",
    "async def {n}():\n{b}", "@app.cell\ndef _({n}):\n{b}\n    return {n},", "@{n}.{m}({e})\ndef {n}():\n{b}",
    "match {e}:\n    case [{n}, *{n}]:\n    {b}", "match {e}:\n    case {{'a': {n}, **rest}} | {n}.a:\n    {b}",
    "for step in range(10):\n{b}\n    loss.backward()\n    w.data -= 0.1 * w.grad",
)  # fmt: skip
STATEMENTS = (
    "{n} = {e}", "{n} = {e}", "{n} = {e}", "{t} = {e}", "{n} = {t} = {e}", "{n}: int = {e}", "{n}: {e}", "{n} += {e}",
    "{n}.{m} -= {e}", "{n}[{e}] = {e}", "{n}.{m} = {e}", "{e}", "{n}.{m}({e})", "del {n}", "assert {e}, {e}",
    "import {n}", "import {n}.{m} as {n}", "from {n} import {m}", "from {n} import *", "from .{n} import {m} as {n}",
    "global {n}", "pass", "raise {e}", "({n} := {e})", "{n}, {n} = f({e})", "f({e})", "{n} = f({n})",
    "cmp('w', dw, w)", "loss.backward()", "({e}).backward()", "loss = {e}", "dw = {e}", "print({e})",
    "[{n}, [{n}, *{n}]] = {e}", "{n} = None", "w = torch.randn(3, requires_grad=True)",
    "for p in [w, b]: p.requires_grad = True", "dw, db = {e}, {e}", "grads = [dw, dh]",
    "assert torch.allclose(dw, w.grad)", "{n} = input()", "exec({e})", "{n} = {n}; {n} = {e}",
)  # fmt: skip
EXPRESSIONS = (
    "{n}", "{n}", "{n}", "{c}", "{e} {o} {e}", "{e} {o} {e}", "-{e}", "not {e}", "({e})", "{n}.{m}", "{e}.{m}()",
    "{n}.{m}({e})", "{n}({e}, {e})", "{n}({e}, k={e}, *{e}, **{e})", "{n}[{e}]", "{n}[{e}:{e}, None]", "[{e}, {e}]",
    "({e}, *{n})", "{{'a': {e}, **{n}}}", "{{{e}}}", "[{e} for {n} in {e} if {e}]", "({e} for {n}, {n} in {e})",
    "{{{e}: {e} for {n} in {e}}}", "lambda {n}, *, k={e}: {e}", "({n} := {e})", "{e} if {e} else {e}",
    "f'{{{n}!r:>{{{n}}}}} a'", "f\"{{{n}['a']}}{{{n}}}\"", "(yield {e})", "(await {e})",
    "torch.{m}({e}, requires_grad=True)", "-({n} * {n}).sum()", "F.cross_entropy({n}, {n})", "{n}.grad",
    "{n}.{m}.{m}",
)  # fmt: skip


class Writer:
    """Writes code as ``random`` has it."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def expression(self, depth: int = 0) -> str:
        """An expression of some levels."""
        pattern = self._random.choice(EXPRESSIONS if depth < 4 else EXPRESSIONS[:4])
        return self._filled(pattern, depth + 1)

    def statement(self, depth: int = 0) -> str:
        """A statement, perhaps with blocks."""
        if depth < 4 and self._random.random() < 0.25:
            return self._filled(self._random.choice(BLOCKS), depth)
        return self._filled(self._random.choice(STATEMENTS), 1)

    def lines(self, most: int, depth: int = 0) -> str:
        """So many statements at the most, and one at least."""
        return "\n".join(self.statement(depth) for _ in range(self._random.randint(1, most)))

    def _filled(self, pattern: str, depth: int) -> str:
        text, rest = "", pattern.replace("{{", "\1").replace("}}", "\2")
        while "{" in rest:
            before, _, rest = rest.partition("{")
            what, _, rest = rest.partition("}")
            text += before + self._part(what, depth)
        return (text + rest).replace("\1", "{").replace("\2", "}")

    def _part(self, what: str, depth: int) -> str:
        match what:
            case "n":
                return self._random.choice(NAMES)
            case "m":
                return self._random.choice(METHODS)
            case "c":
                return self._random.choice(CONSTANTS)
            case "o":
                return self._random.choice(OPERATORS)
            case "t":
                return self._random.choice(
                    ("w", "x", "loss", "(x, w)", "x, *w", "x[0]", "x.data", "_, dw", "params['w']")
                )
            case "b":
                return "\n".join(f"    {line}" for line in self.lines(3, depth + 1).split("\n"))
        return self.expression(depth)
