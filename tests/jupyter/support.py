"""The lecture's exercise as the cells of a notebook, and a kernel in which notebooks run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tests.helpers import NAMES, WALK, right_answers, some_names

_PARTS = (NAMES / "forward.py").read_text(encoding="utf-8").split("# %% ")
_CODE = {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip() for part in _PARTS if "\n" in part}
SETUP = (
    _CODE["setup"]
    .replace('words = read_words("names.txt")', "words = open('names.txt', 'r').read().splitlines()")
    .replace("from ninja_tui.lesson.words import read_words\n", "")
)
FORWARD = f"{_CODE['minibatch']}\n{_CODE['forward']}"
BACKWARD = f"""for p in parameters:
  p.grad = None
for t in [{", ".join(WALK)}]:
  t.retain_grad()
loss.backward()
loss"""
NETWORK = (SETUP, FORWARD, BACKWARD)


def answers(**changes: str) -> str:
    """The right answers, in the order of the walk, with other code for some nodes; an empty text leaves one out."""
    code = {**right_answers(), **changes}
    return "\n".join(code[node] for node in WALK if code[node])


def write_names(folder: Path) -> None:
    """The word list, as it lies beside the lecture's notebook."""
    (folder / "names.txt").write_text(some_names(), encoding="utf-8")


def executed(cells: Sequence[str], folder: Path) -> NotebookNode:
    """A notebook of ``cells``, run from top to bottom in ``folder``; a cell that raises does not end it."""
    made = [new_code_cell(cell) for cell in cells]
    notebook: NotebookNode = new_notebook(cells=made)
    NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}}).execute()
    nbformat.validate(notebook)
    return notebook


def shown(cell: NotebookNode, kind: str = "text/plain") -> str:
    """What a cell has shown: its streams, its results, and the names and texts of errors."""
    parts = []
    for output in cell["outputs"]:
        match output["output_type"]:
            case "stream":
                parts.append(output["text"])
            case "error":
                parts.append(f"{output['ename']}: {output['evalue']}")
            case _:
                parts.append(output["data"].get(kind, ""))
    return "\n".join(parts)
