"""Whatever a script or notebook holds: it is read, or refused in a sentence, and soon."""

from __future__ import annotations

import contextlib
import json
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ninja_tui.errors import UsageError
from ninja_tui.lesson.notebook.cells import source_of
from ninja_tui.lesson.notebook.discover import Definitions, Discovery, discover_in, read_definitions
from ninja_tui.lesson.notebook.parse import fragments_of
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.read import read_folder
from ninja_tui.lesson.solutions import Solutions
from tests.engine.notebook_support import ANSWERS, BACKWARD, CELLS, FORWARD, SETUP

SECONDS = 10

LINES = st.sampled_from(
    [
        *(line for cell in (*SETUP, FORWARD, BACKWARD, ANSWERS) for line in cell.split("\n")),
        "loss = (w * x).sum()",
        "w = torch.randn(3, requires_grad=True)",
        "if True:",
        "    from torch import *",
        "try:",
        "except ImportError:",
        "with torch.no_grad():",
        "for step in range(10):",
        "    loss = w.sum(); w -= 0.1 * dw",
        "def forward(x, *, k=1):",
        "    return loss",
        "class Net:",
        "@app.cell",
        "\tx = 1",
        "  a",
        "\0",
        "'''",
        '"""',
        "x = (",
        ")",
        "x = {'a': [1,",
        "%matplotlib inline",
        "!pip install torch",
        "files = !ls",
        "?torch.nn",
        "%%bash",
        "# %%",
        "# %% setup",
        "# %% forward",
        "# %% [markdown]",
        "# ---",
        "# jupyter: [",
        "# title: a: b",
        "x = 1 \\",
        "\f",
        "\u00a0x = 1",
        "\u2028",
        "\ud800",
        "0x" + "f" * 5000,
        "-" * 3000 + "1",
        "x = " + "a + " * 1500 + "a",
        "x = " + "(" * 150 + ")" * 150,
        " " * 5000 + "x",
        "" + "a?" * 2000 + "b",
        "lambda: (yield)",
        "del w",
        "global w",
        "*a, b = c",
        "match x:",
        "    case [loss]:",
        "import a, b.c as d",
        "from . import e",
        "f'{w!r:>{k}}'",
    ]
)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
INDENTED = st.tuples(st.sampled_from(["", "", "    ", "  ", "\t"]), LINES | ANYTHING).map("".join)
TEXTS = st.lists(INDENTED, max_size=25).map("\n".join)
EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """Fails what does not come to an end, where the system can interrupt it."""

    def late(*_: object) -> None:
        pytest.fail(f"not done within {SECONDS} seconds")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def discovered(name: str, text: str) -> Discovery | None:
    """What a file of that name and text holds; None where it is refused."""
    with soon(), contextlib.suppress(UsageError):
        return discover_in(source_of(Path(name), text), Definitions())
    return None


def notebook_text(*cells: str) -> str:
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


@EXAMPLES
@given(TEXTS)
@example("# ---\n# jupyter:\n#   a: [\n# ---\nx = 1")
@example("x = 1\n  a\n\0")
def test_any_script(text: str) -> None:
    discovered("any.py", text)


@EXAMPLES
@given(st.lists(TEXTS, max_size=4), st.sampled_from(["", *CELLS]))
@example(["  a\n\0"], "")
@example(["if True:\n    pass\n  a\n\0"], "")
def test_any_notebook(cells: list[str], last: str) -> None:
    discovered("any.ipynb", notebook_text(*cells, last))


@EXAMPLES
@given(ANYTHING | TEXTS)
def test_any_text_for_a_notebook(text: str) -> None:
    assert discovered("any.ipynb", text) is None


@settings(parent=EXAMPLES, max_examples=60)
@given(TEXTS)
@example("# %% setup\nparameters = [w]\n# %% forward\nloss = w\n# %% \0")
@example("# ---\n# jupyter:\n#   a: [\n# ---\n# %% setup\n# %% forward")
def test_any_file_to_open(text: str) -> None:
    openers: tuple[Callable[[Path], object], ...] = (
        lambda path: open_lesson(str(path)),
        lambda path: read_folder(path.parent),
        read_definitions,
        lambda path: Solutions(path.read_text("utf-8"), "any", "names").answers("names", ["probs"]),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "forward.py"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        for opened in openers:
            with soon(), contextlib.suppress(UsageError, UnicodeDecodeError):
                opened(path)


def test_many_broken_lines_are_left_out_in_time() -> None:
    text = notebook_text(*CELLS, "\n".join(f"line {number}: it broke )" for number in range(5000)))
    discovery = discovered("long.ipynb", text)
    assert discovery is not None and len(discovery.lessons[0].program.answers) == 8
    assert 100 < len(discovery.notes) < 1000


@pytest.mark.parametrize(
    "code",
    [
        "if True:\n    from math import *",
        "try:\n    from math import *\nexcept ImportError:\n    text = '''\n  a\n'''",
        "if True:\n    from math import (  # all that we need\n        sqrt, pi)\n    from math import *",
    ],
)
def test_a_star_import_in_a_block(code: str) -> None:
    discovery = discovered("star.ipynb", notebook_text(code, *CELLS))
    assert discovery is not None
    (each,) = discovery.lessons
    star = next(fragment for fragment in each.lesson.setup.fragments if "import *" in fragment.code)
    compile(star.code, "star", "exec")
    assert star.code.startswith("try:") and star.code.endswith("except ImportError:\n    pass")
    assert len(each.program.answers) == 8


def test_an_import_that_an_answer_needs_and_that_is_long() -> None:
    before = "from math import (  # two\n    sqrt,\n    pi,\n)"
    answers = ANSWERS.replace("-1.0 / size", "-1.0 / size * pi / pi")
    discovery = discovered("pi.ipynb", notebook_text(before, *CELLS[:-2], answers))
    assert discovery is not None
    (each,) = discovery.lessons
    codes = [fragment.code for fragment in each.lesson.setup.fragments]
    (needed,) = [code for code in codes if "from math" in code]
    assert needed == "try:\n    from math import sqrt, pi\nexcept ImportError:\n    pass"


@pytest.mark.parametrize(
    ("cell", "kept", "lines"),
    [
        ("x = 1\n\0\ny = 2", ["x = 1", "y = 2"], [2]),
        ("  a = 1\n\0", ["a = 1"], [2]),
        ("for i in x:\n    a = i\n    b = \0\n    c = i", ["for i in x:\n    a = i\n    pass\n    c = i"], [3]),
        ("\ud800 = 1\nx = 1", ["x = 1"], [1]),
    ],
)
def test_only_the_line_that_no_python_can_hold_is_left_out(cell: str, kept: list[str], lines: list[int]) -> None:
    fragments, dropped = fragments_of(source_of(Path("one.ipynb"), notebook_text(cell)))
    assert [fragment.code for fragment in fragments] == kept
    assert [each.line - 1 for each in dropped] == lines
