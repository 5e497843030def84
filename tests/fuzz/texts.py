"""Files that nobody meant to write: real ones with damage, and ones made by a grammar of odd pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from ninja_tui.lesson.read import LESSONS
from tests.engine.notebook_support import CELLS
from tests.fuzz.code import Writer

NOTEBOOKS = Path(__file__).parent.parent / "engine" / "notebooks"
MOST_CHANGES = 6
LONGEST = 60_000
"""Characters of a file: what is long is tested by itself."""

CHARACTERS = (
    "\0", "\x1b[31m", "\x07", "\f", "\v", "\x1c", "\x85", "\u2028", "\u00a0", "\ufeff", "\u202e", "\ud800",
    "\U000f0000", "\r", "\r\n", "\n", "\t", " ", "\\", "\\\n", "'", '"', "'''", '"""', "(", ")", "[", "]", "{", "}",
    "#", ":", ";", ",", "=", ":=", "*", "**", "@", "~", "?", "!", "%", "%%", "$", "`", "```", "é", "日本", "ﬁ",
    "x\u0301", "0", "1_0", "0x", "1e999",
)  # fmt: skip
WORDS = (
    "if ", "else:", "elif x:", "for i in x:", "while x:", "try:", "except:", "except* E:", "finally:", "with a as b:",
    "def f(", "class C:", "lambda: ", "return ", "yield ", "await ", "async ", "import ", "from . import x",
    "global w", "nonlocal w", "del w", "match x:", "case [loss]:", "not ", "x and ", "None", "...", "f'{", "b'",
    "pass", "assert ", "loss", "dloss", "w.grad", ".backward()", "requires_grad=True", "torch.no_grad()",
    "parameters = [w]", "cmp('w', dw, w)",
)  # fmt: skip
LINES = (
    "# %%", "#%%", "# %% setup", "# %% minibatch", "# %% forward", "# %% calibrate", "# %% predict",
    "# %% lesson: names", "# %% lesson: \x1b[2J", "# %% lesson:", "# %% probs", "# %% [markdown]", "# %% [raw] {",
    '# %% a tags=["b" c=', "# %%time", "# In[3]:", "# <codecell>", "# revealed: dprobs", "# hints: dprobs 3",
    "# hints: dprobs 999", "# ---", "# jupyter:", "# jupyter: [", "#   jupytext:", "#     cell_markers: '\"\"\"'",
    "#     text_representation: 3", "# a: &a [*a]", "# <<: *a", "# coding: latin-1", "# -*- coding: utf-16 -*-",
    "#!/usr/bin/python", "%matplotlib inline", "%time x = 1", "%timeit -n 3 x", "%%bash", "%%timeit", "%%unknown",
    "%run ./a.py", "!pip install torch", "files = !ls", "?torch.nn", "x?",
    "get_ipython().run_line_magic('time', 'x = 1')", "get_ipython().magic('time')",
    "get_ipython().run_cell_magic('time', '', 'x = 1\\ny = (')", "get_ipython().system('ls')", "```", "```python",
    "```{python}", "```{python, eval=FALSE}", "```{code-cell} ipython3", ":tags: [a]", "#| eval: false", "````{note}",
    ":::{.callout}", "> ```py", "~~~ python", "---", "## Backward", "### probs", "- **Hint:** x", "**Shape**: (3,)",
    "import torch", "import torch.nn.functional as F", "from math import *", "import a, b.c as d", "from . import e",
    "import numpy as np", "import jax", "w = torch.randn(3, requires_grad=True)", "w.requires_grad_()",
    "for p in parameters: p.requires_grad = True", "parameters = [w, *others]", "parameters = (w,) + tuple(more)",
    "asks = ['w']", "loss = (w * x).sum()", "loss = -logprobs[range(n), Yb].mean()", "loss, acc = f(w)",
    "loss.backward()", "(w * 2).sum().backward()", "loss = w", "dw = torch.ones_like(w)", "dw += 1", "dw[0] = 1",
    "dw.add_(1)", "dw = None", "dw: int = 3", "dw = dloss * x", "grads = [dw, db]", "grads['w'] = dw",
    "dw, db = dloss, 1", "(dw := 3)", "print(dw)", "cmp('w', dw, w)", "for g, t in zip([dw], [w]): cmp('', g, t)",
    "torch.allclose(dw, w.grad)", "assert (dw - w.grad).abs().max() < 1e-6", "w.data -= 0.1 * w.grad", "opt.step()",
    "x = input()", "open('points.csv')", "open('../../etc/passwd')", "import sys; sys.path.append('/')",
    "x = 0x" + "f" * 5000, "x = " + "-" * 300 + "1", "x = " + "a + " * 300 + "a", "x = " + "(" * 150 + ")" * 150,
    "x = " + "[" * 120 + "]" * 120, "x" + ".a()" * 200, "lambda: " * 150 + "1", "x" * 3000 + " = 1",
    "import " + "a" * 3000, "import " + ".".join("a" * 300), "x = '" + "\\x1b" * 50 + "'", "f'{w!r:>{k}}'",
    "f\"{x['a']:{'>'}{10}}\"", "x = f'{\"\\n\"}'", "*a, b = c", "[w, [x, *y]] = z", "x[i], y.a = z", "x: int",
    "x = y = z = w", "x += x", "type X = int", "@app.cell", "@a.b(c)", "if __name__ == '__main__':",
    "a = 1; b = 2; loss = w", "x = (", "x = {'a': [1,", "  indented", "\ttabbed = 1", "x = 1 \\", "pass # é",
    "\u2028", "__debug__ = 1", "None = 1", "f() = 1", "print 'x'", "exec('x')", "return w",
)  # fmt: skip


@cache
def real_files(*suffixes: str) -> tuple[str, ...]:
    """The texts of the lessons' files, the stored notebooks and the exercise, of those that end so."""
    paths = [*sorted(LESSONS.glob("*/*")), *sorted(NOTEBOOKS.glob("*"))]
    texts = [path.read_text(encoding="utf-8") for path in paths if path.suffix in suffixes]
    return (*texts, "\n\n".join(CELLS)) if ".py" in suffixes else tuple(texts)


Maker = Callable[[Random], str]
"""Makes a text, another one for each state of the random numbers."""


def _delete(random: Random, text: str, start: int, end: int) -> str:
    return text[:start] + text[end:]


def _insert(random: Random, text: str, start: int, end: int) -> str:
    return text[:start] + random.choice((*CHARACTERS, *WORDS)) + text[start:]


def _insert_line(random: Random, text: str, start: int, end: int) -> str:
    at = text.rfind("\n", 0, start) + 1
    line = random.choice(LINES) if random.random() < 0.5 else Writer(random).statement()
    return f"{text[:at]}{line}\n{text[at:]}"


def _change_line(random: Random, text: str, start: int, end: int) -> str:
    at, stop = text.rfind("\n", 0, start) + 1, text.find("\n", start)
    return text[:at] + random.choice((*LINES, *WORDS)) + (text[stop:] if stop >= 0 else "")


def _replace(random: Random, text: str, start: int, end: int) -> str:
    return text[:start] + random.choice((*CHARACTERS, *WORDS)) + text[end:]


def _repeat(random: Random, text: str, start: int, end: int) -> str:
    return text[:start] + text[start:end] * random.choice((2, 3, 50)) + text[end:]


def _move(random: Random, text: str, start: int, end: int) -> str:
    at = random.randint(0, start)
    return text[:at] + text[start:end] + text[at:start] + text[end:]


def _cut_off(random: Random, text: str, start: int, end: int) -> str:
    return text[:start]


def _indent(random: Random, text: str, start: int, end: int) -> str:
    return text[:start] + text[start:end].replace("\n", random.choice(("\n ", "\n    ", "\n\t"))) + text[end:]


def _rename(random: Random, text: str, start: int, end: int) -> str:
    word = re.search(r"\w+", text[start:end])
    return text.replace(word[0], random.choice(("w", "loss", "dw", "é", "1", "self"))) if word else text


CHANGES = (
    _delete, _insert, _insert, _insert_line, _insert_line, _insert_line, _change_line, _replace, _repeat, _move,
    _cut_off, _indent, _rename,
)  # fmt: skip


def damaged(random: Random, text: str) -> str:
    """``text`` with some damage."""
    for _ in range(random.randint(1, MOST_CHANGES)):
        start = random.randint(0, len(text))
        end = min(len(text), start + random.choice((1, 5, 40, 400)))
        text = random.choice(CHANGES)(random, text, start, end)[:LONGEST]
    return text


def mutated(*suffixes: str) -> Maker:
    """Real files that end so, damaged."""
    return lambda random: damaged(random, random.choice(real_files(*suffixes)))


def source(random: Random) -> str:
    """Code of a network: the exercise with other things between, or such things alone."""
    pieces = list(CELLS) if random.random() < 0.6 else ["import torch"]
    for _ in range(random.randint(0, 6)):
        piece = Writer(random).lines(4) if random.random() < 0.6 else random.choice(LINES)
        pieces.insert(random.randint(0, len(pieces)), piece)
    return "\n".join(pieces)


def lines(random: Random) -> str:
    """Odd lines in a row."""
    return "\n".join(random.choice((*LINES, *CELLS)) for _ in range(random.randint(0, 20)))


def percent(*titles: str) -> Maker:
    """Scripts in cells, of which most have one of ``titles``."""

    def made(random: Random) -> str:
        cells = [*titles, *random.choices((*titles, "", "[markdown]", "a [raw] b=3"), k=random.randint(0, 3))]
        return "\n".join(f"# %% {title}\n{source(random)}" for title in cells)

    return made


def lesson(random: Random) -> str:
    """Scripts of a lesson whose forward pass is one of assignments."""
    names = [f"x{number}" for number in range(random.randint(1, 8))]
    forward = [f"{name} = {Writer(random).expression()}" for name in names]
    return "\n".join([
        *("# %% setup", source(random), "parameters = [w, b]"),
        *("# %% forward", *forward, f"loss = w * {names[-1]}", "# %% predict", "1"),
    ])  # fmt: skip


def with_header(random: Random) -> str:
    """Scripts with a header that is YAML, or is not."""
    header = [random.choice(LINES[18:31]) for _ in range(random.randint(0, 6))]
    return "\n".join(
        [*random.choices(("", "#!/bin/sh", "# coding: utf-8"), k=1), "# ---", *header, "# ---", source(random)]
    )


def solutions(random: Random) -> str:
    """Answers to lessons in cells."""
    answers = [
        f"# %% {node}\nd{node} = {Writer(random).expression()}\n{Writer(random).lines(2)}"
        for node in ("probs", "h", "w")
    ]
    between = [random.choice(LINES) for _ in range(3)]
    pieces = ["# %% lesson: names", *answers, "# %% lesson: train", *answers, *between]
    random.shuffle(pieces)
    return "\n".join(pieces)


KEYS = (
    "cells", "source", "input", "code", "cell_type", "metadata", "outputs", "worksheets", "language", "vscode",
    "languageId", "language_info", "name", "kernelspec", "nbformat", "nbformat_minor", "x",
)  # fmt: skip


def _value(random: Random, depth: int = 0) -> object:
    kind = random.randint(0, 9 if depth < 4 else 6)
    if kind > 7:
        return {random.choice(KEYS): _value(random, depth + 1) for _ in range(random.randint(0, 4))}
    if kind > 6:
        return [_value(random, depth + 1) for _ in range(random.randint(0, 4))]
    return random.choice((None, True, 3, 1e400, "code", "python", "R", "\ud800", source(random)))


def _cell(random: Random, code: str) -> object:
    if random.random() < 0.1:
        return _value(random)
    cell: dict[str, object] = {"cell_type": "code", "metadata": {}, "outputs": [], "source": code}
    if random.random() < 0.3:
        cell["source"] = code.splitlines(keepends=True)
    if random.random() < 0.1:
        cell[random.choice(KEYS)] = _value(random)
    return cell


def notebook(random: Random) -> str:
    """Notebooks of damaged cells, and of any shape."""
    if random.random() < 0.15:
        return json.dumps(_value(random) if random.random() < 0.5 else {"cells": _value(random)})
    codes = [damaged(random, code) if random.random() < 0.3 else code for code in CELLS]
    for _ in range(random.randint(0, 3)):
        codes.insert(random.randint(0, len(codes)), random.choice((source, lines))(random))
    held: dict[str, object] = {"cells": [_cell(random, code) for code in codes], "metadata": {}, "nbformat": 4}
    if random.random() < 0.1:
        held[random.choice(KEYS)] = _value(random)
    return json.dumps(held)


def damaged_notebook(random: Random) -> str:
    """Real notebooks with damage in their cells, and a few with damage in their JSON."""
    text = random.choice(real_files(".ipynb"))
    if random.random() < 0.2:
        return damaged(random, text)
    held = json.loads(text)
    for cell in held["cells"]:
        if random.random() < 0.3:
            cell["source"] = damaged(random, "".join(cell["source"]))
    return json.dumps(held)


def markdown(random: Random) -> str:
    """Prose with fences, some of which hold a network."""
    pieces = []
    for _ in range(random.randint(0, 10)):
        code = random.choice((source, lines))(random)
        fence = random.choice(("```python", "```{python}", "~~~ py", "```{code-cell}", "> ```py", "````{note}", "```"))
        closing = random.choice(("```", "~~~", "````", "> ```", ""))
        pieces.append(f"{fence}\n{code}\n{closing}" if random.random() < 0.6 else random.choice(LINES))
    return "\n".join(pieces)


def word_list(random: Random) -> str:
    """Words in lines, or in a CSV."""
    words = ("emma", "ava", "Name", "name,x", '"', '""', ",", ".", "é", "\0", "\r", "", " ", *CHARACTERS)
    separator = random.choice(("\n", "\n", ",", "\r\n"))
    rows = [separator.join(random.choices(words, k=random.randint(0, 9))) for _ in range(random.randint(0, 9))]
    return "\n".join([random.choice(("", "Name", "id,name", '"Name","x"')), *rows])


SETTINGS = (
    'theme = "dracula"', "theme = 3", "questions = true", "questions = 1e999", 'upstream = "passing"', "[sizes]",
    'upstream = "\\u001b[2J"', "source = 30", "source = -1", "source = 99999999999999999999999", "[keys]",
    "next = []", 'next = "f8"', "[[keys]]", "a.b.c = 1", "x = [", "x = {", "= 1", "sizes = 2020-01-01", "sizes = inf",
    "keys = nan", "#", "[" * 500, "x = " + "[" * 2000, 'pane = "\\ud800"', "x = 1" + "0" * 5000, "\0", 'theme = """',
    "[a.b]", "[a]",
)  # fmt: skip


def settings_file(random: Random) -> str:
    """Settings in TOML, or nearly."""
    return "\n".join(random.choices((*SETTINGS, *CHARACTERS), k=random.randint(0, 8)))


def one_of(*makers: Maker) -> Maker:
    """Texts of all these kinds."""
    return lambda random: random.choice(makers)(random)


SCRIPTS = one_of(mutated(".py"), mutated(".py"), source, lines, lesson, with_header, percent("setup", "forward"))
NOTEBOOKS_MADE = one_of(damaged_notebook, notebook)
MARKDOWN = one_of(mutated(".md"), markdown, lines)
SOLUTIONS = one_of(mutated(".py"), solutions, percent("lesson: names", "probs", "lesson: train", "h"))
LESSONS_MADE = one_of(mutated(".py"), lesson, percent("setup", "forward"))


def content(random: Random, make: Maker) -> bytes:
    """The bytes of a text, sometimes in another encoding, or with a byte that is not in it."""
    text = make(random)
    encoding = random.choice(("utf-8",) * 30 + ("utf-8-sig", "utf-16", "latin-1"))
    raw = text.encode(encoding, "surrogatepass" if encoding != "latin-1" else "replace")
    if random.random() < 0.02:
        at = random.randint(0, len(raw))
        raw = raw[:at] + random.randbytes(1) + raw[at:]
    return raw
