"""What a file needs and may lack: PyTorch, modules, and a person who answers ``input()``."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.formatting import one_line
from ninja_tui.lesson.notebook.cells import Source
from ninja_tui.lesson.notebook.data_files import Beside
from ninja_tui.lesson.notebook.parse import fragments_of
from ninja_tui.lesson.read import LONGEST_MESSAGE
from ninja_tui.lesson.syntax.effects import Effects, FileContext
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.imports import FOR_PEOPLE, imported_modules, shows
from ninja_tui.lesson.syntax.names import BUILTINS, calls_of

FRAMEWORKS = {
    "jax": "JAX", "tensorflow": "TensorFlow", "keras": "Keras", "mxnet": "MXNet", "tinygrad": "tinygrad",
    "cupy": "CuPy", "autograd": "autograd", "theano": "Theano", "numpy": "NumPy",
}  # fmt: skip
"""What computes in the place of PyTorch; a file's own is the first of these that it imports."""
WITHOUT_TENSORS = frozenset({"pandas", "scipy", "sklearn", "PIL"}) | FOR_PEOPLE
"""Packages beside which a file may be one of NumPy alone."""
KNOWN_STARS = frozenset({"torch", "numpy", "math"})


@dataclass(frozen=True)
class Lacking:
    """What a file lacks: the line where it is asked for, a sentence without subject, and the names it would bind."""

    line: int
    message: str
    names: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What is lacking, and how a person may do without."""
        what = ", ".join(self.names) or "the names that it gives"
        message = one_line(self.message, LONGEST_MESSAGE)
        return f"{message}; with --setup FILE you can define {one_line(what, LONGEST_MESSAGE)}"


def read_statements(source: Source, defined: frozenset[str]) -> tuple[list[Fragment], tuple[str, ...]]:
    """The statements of ``source``, with notes on what it lacks, beside the names ``defined``, and on its form.

    Raises UsageError where it computes with something that is not PyTorch.
    """
    fragments, remarks = fragments_of(source)
    framework = _other_framework(fragments)
    if framework is not None:
        raise UsageError(f"{source.path} {framework}")
    lacks = [f"{source.place(each.line)} {each.sentence}" for each in _lacking(fragments, source.path, defined)]
    return fragments, (*lacks, *(each.sentence(source.place(each.line)) for each in remarks))


def _other_framework(fragments: Sequence[Fragment]) -> str | None:
    """A sentence on what the file computes with where that is not PyTorch; None where it is, or may be."""
    modules = {module.split(".")[0] for module in imported_modules(fragments)}
    found = next((name for module, name in FRAMEWORKS.items() if module in modules), None)
    reads_torch = any("torch" in Effects(fragment).reads for fragment in fragments)
    if found is None or "torch" in modules or reads_torch:
        return None
    if found != "NumPy":
        return f"computes with {found}: gradients are compared with those of PyTorch's autograd; write it in PyTorch"
    if modules - sys.stdlib_module_names - WITHOUT_TENSORS - FRAMEWORKS.keys():
        return None
    return "computes with NumPy alone: NumPy programs have no autograd to compare with; write it in PyTorch"


def _lacking(fragments: Sequence[Fragment], path: Path, defined: frozenset[str]) -> Iterator[Lacking]:
    """What the file ``path`` lacks at its top level, in file order, beside the names ``defined`` elsewhere."""
    context = FileContext.of(fragments)
    effects = [Effects(fragment, context) for fragment in fragments]
    read = {name for each in effects if not each.displays for name in each.reads}
    bound = {name for each in effects for name in each.defines} | defined | BUILTINS
    asks = "input" not in bound - BUILTINS
    beside = Beside(path.absolute().parent)
    beside.add_roots(fragments)
    for each in effects:
        line = each.fragment.line
        names = tuple(sorted((each.defines & read) - defined))
        match each.tree:
            case ast.ImportFrom(module=str() as module, level=0, names=[ast.alias("*")]):
                names = tuple(sorted(read - bound))
                if not _is_here(module, beside) and (names or not defined):
                    yield Lacking(line, f"imports `{module}`, which is not here", names)
            case ast.Import(names=[ast.alias(module)]) | ast.ImportFrom(module=str() as module, level=0):
                if names and not _is_here(module, beside):
                    yield Lacking(line, f"imports `{module}`, which is not here", names)
            case _ if asks and names and "input" in calls_of(each.tree):
                yield Lacking(line, "asks for `input()`, which nobody can give here", names)


def reads_before_binding(fragments: Sequence[Fragment], defined: frozenset[str]) -> frozenset[str]:
    """The names that a file reads and binds, if at all, only later; none where an import may bind anything."""
    context = FileContext.of(fragments)
    bound = set(defined) | BUILTINS
    read: set[str] = set()
    later: set[str] = set()
    for fragment in fragments:
        effects = Effects(fragment, context)
        match effects.tree:
            case ast.ImportFrom(module=module, names=[ast.alias("*")]):
                if (module or "").split(".")[0] not in KNOWN_STARS:
                    return frozenset()
            case ast.FunctionDef() | ast.ClassDef():
                later |= effects.reads
            case _:
                read |= effects.reads - bound
        bound |= effects.defines
    return frozenset(read | (later - bound))


def _is_here(module: str, beside: Beside) -> bool:
    """Whether a module can be imported: it is installed, or lies beside the file."""
    top = module.split(".", 1)[0]
    if shows(module) or top in sys.modules or beside.has_module(top):
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError, AttributeError):
        return False
