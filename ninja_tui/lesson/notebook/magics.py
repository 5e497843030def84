"""What IPython alone understands: its magics, its shell commands, and the calls that stand for them in exports."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from ninja_tui.lesson.syntax.fragment import UNREADABLE, Fragment, inner_fragments, parsed

UNNEEDED = "pass"
RUN_CELLS = frozenset({"time", "capture", "prun", "memit", "cache", "debug", "python", "python3", "script python"})
"""Magics whose cells run as any other does."""
LEFT_OUT_CELLS = frozenset({
    "timeit", "bash", "sh", "script", "cmd", "powershell", "system", "sx", "!", "html", "HTML", "svg", "SVG",
    "javascript", "js", "latex", "markdown", "writefile", "file", "perl", "ruby", "R", "julia", "cython", "cuda", "cpp",
    "cu", "sql", "bigquery", "pypy", "python2",
})  # fmt: skip
"""Magics whose cells are in another language, or bind nothing."""
_CELL = re.compile(r"%%(?P<name>!|\w+)[ \t]*(?P<rest>.*)")
_LINE = re.compile(r"(?:[%!].*|\?+[\w.]+.*|[\w.]+\?+)\s*$")
_SHELL_VALUE = re.compile(r"[\w, ]+=\s*[!%]\S")
_INSTALLS = re.compile(r"(?:pip3?|conda|mamba|apt(?:-get)?)\s+(?:un)?install\b")
_TIMED = re.compile(
    r"(?P<target>[\w, ]+=\s*)?%(?:time|prun)\s+(?:--\S+\s+|-[lsTD]\s+\S+\s+|-[qr]+\s+)*(?P<code>\S.*)"
)  # fmt: skip
_RUN_FILE = re.compile(r"%run\s+(?:-\w\s+)*(?:\./)?(?P<module>[A-Za-z_]\w*)(?:\.py)?\s*$")
_CALL = re.compile(
    r"(?P<target>[\w, ]+=\s*)?get_ipython\(\)\.(?P<kind>run_line_magic|magic)(?P<arguments>\(.*\))\s*;?$"
)


@dataclass(frozen=True)
class CellMagic:
    """The magic of a whole cell: ``runs`` says whether the cell's code runs, None that nobody knows."""

    name: str
    runs: bool | None


def cell_magic(line: str) -> CellMagic | None:
    """The magic that begins a cell with ``line``; None where that is another line."""
    found = _CELL.match(line.strip())
    if found is None:
        return None
    name, rest = found["name"], found["rest"]
    if name in RUN_CELLS or f"{name} {rest}".startswith("script python"):
        return CellMagic(name, runs=True)
    return CellMagic(name, runs=False if name in LEFT_OUT_CELLS else None)


def as_python(line: str) -> str | None:
    """A line for IPython alone as Python: what it times or runs, else nothing. None for any other line."""
    code = line.lstrip()
    indent = line[: len(line) - len(code)]
    timed = _TIMED.match(code)
    if timed is not None:
        return f"{indent}{timed['target'] or ''}{timed['code']}"
    run_file = _RUN_FILE.match(code)
    if run_file is not None:
        return f"{indent}from {run_file['module']} import *"
    for_ipython = _LINE.match(code) or _SHELL_VALUE.match(code) or _INSTALLS.match(code)
    return f"{indent}{UNNEEDED}" if for_ipython else None


def replace_magic(lines: list[str], at: int) -> bool:
    """Puts Python in the place of the magic, or shell command, in line ``at``; False where there is none."""
    python = as_python(lines[at])
    if python is None:
        return False
    end = at
    while python.strip() == UNNEEDED and lines[end].rstrip().endswith("\\") and end + 1 < len(lines):
        end += 1
    lines[at : end + 1] = [python, *[""] * (end - at)]
    return True


def without_calls(line: str) -> str:
    """A line of an export without ``get_ipython().run_line_magic``: the code in its string, where that is Python."""
    code = line.lstrip()
    found = _CALL.match(code) if "get_ipython" in code else None
    if found is None:
        return line
    try:
        arguments = ast.literal_eval(found["arguments"])
    except (*UNREADABLE, TypeError):
        return line
    words = arguments if isinstance(arguments, tuple) else (arguments,)
    if not all(isinstance(word, str) for word in words):
        return line
    indent = line[: len(line) - len(code)]
    python = as_python(f"{found['target'] or ''}%{' '.join(words)}")
    runs = python is not None and python != UNNEEDED and "\n" not in python
    return f"{indent}{python}" if runs else line


@dataclass(frozen=True)
class CellCall:
    """``get_ipython().run_cell_magic(…)``: its magic, and the statements in its string, in the file's lines."""

    magic: CellMagic
    fragments: tuple[Fragment, ...]


def cell_call(fragment: Fragment) -> CellCall | None:
    """The cell magic that a statement of an export stands for; None for any other, or where it holds no Python."""
    match fragment.tree:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name("get_ipython")), attr="run_cell_magic"),
                args=[ast.Constant(str() as name), ast.Constant(str() as rest), ast.Constant(str() as code) as string],
            )
        ):
            magic = cell_magic(f"%%{name} {rest}")
        case _:
            return None
    tree = parsed(code)
    if magic is None or tree is None:
        return None
    first = fragment.line + string.lineno - 1
    fragments = inner_fragments(Fragment(code, first, fragment.end_line), tree.body)
    return CellCall(magic, tuple(_within(each, fragment) for each in fragments))


def _within(inner: Fragment, outer: Fragment) -> Fragment:
    """``inner`` with lines that stand in ``outer``: a string of many lines may stand in one."""
    return Fragment(inner.code, min(inner.line, outer.end_line), min(inner.end_line, outer.end_line))
