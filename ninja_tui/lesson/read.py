"""From a lesson's folder to a Lesson. The percent format is jupytext's business."""

from __future__ import annotations

import ast
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.lesson.graph import nodes_of, parse, statements_of
from ninja_tui.lesson.model import Cell, Lesson, Notes
from ninja_tui.lesson.syntax.names import target_names

TAUGHT = ("names", "cross-entropy", "batchnorm", "train", "dinosaurs", "micrograd", "layernorm", "attention")
"""The order in which lessons are offered: those that build on each other first. All others follow."""
LESSONS = Path(__file__).parent.parent / "lessons"
PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}


def lesson_names() -> list[str]:
    """The names of the bundled lessons, in the order in which they teach."""
    there = sorted(path.parent.name for path in LESSONS.glob("*/forward.py"))
    return sorted(there, key=lambda name: TAUGHT.index(name) if name in TAUGHT else len(TAUGHT))


def read_lesson(name: str) -> Lesson:
    """The bundled lesson ``name``, or the one in the folder of that path; raises UsageError where there is none."""
    if name in lesson_names():
        return read_folder(LESSONS / name)
    if Path(name).is_dir():
        return read_folder(Path(name).resolve())
    raise UsageError(f"there is no lesson `{name}`; there is: {', '.join(lesson_names())}")


def read_folder(folder: Path) -> Lesson:
    """The lesson in ``folder``: forward.py, and, where they are there, notes.md and solution.py."""
    return read_script(folder / "forward.py", folder.name)


def read_script(path: Path, name: str | None = None) -> Lesson:
    """The lesson in the percent script ``path``; notes and solution stand beside it. It is called as the file is."""
    folder = path.parent
    name = name or path.stem
    where = f"{folder.name}/{path.name}"
    cells = {cell.title: cell for cell in percent_cells(read_text(path, "the lesson"))}
    for title in ("setup", "forward"):
        if title not in cells:
            raise UsageError(f"{where} has no cell `# %% {title}`")
    setup, forward = cells["setup"], cells["forward"]
    statements = statements_of(forward.source, forward.line, where)
    literals = _literals(parse(setup.source, setup.line, where))
    parameters = literals.get("parameters", ())
    nodes = nodes_of(statements, parameters)
    if not nodes:
        raise UsageError(f"{where}: nothing in the forward pass depends on `parameters = [...]` of the setup cell")
    asks = literals.get("asks") or tuple(node.name for node in nodes)
    known = {node.name for node in nodes}
    for asked in asks:
        if asked not in known:
            raise UsageError(f"{where}: `asks` names `{asked}`, which is no node of the forward pass")
    solution = folder / "solution.py"
    return Lesson(
        name=name,
        path=path,
        setup=setup,
        minibatch=cells.get("minibatch", Cell("minibatch", "", 1)),
        forward=forward,
        calibrate=cells.get("calibrate"),
        predict=cells.get("predict"),
        statements=statements,
        nodes=nodes,
        parameters=parameters,
        asks=tuple(name for name in (node.name for node in nodes) if name in asks),
        numbers=_numbers(parse(setup.source, setup.line, where)),
        notes=_notes(folder / "notes.md"),
        solution=solution if solution.is_file() else None,
    )


def _notes(path: Path) -> Notes:
    from ninja_tui.lesson.notes import parse_notes  # loads a Markdown parser: only where a lesson is read

    return parse_notes(read_text(path, "the notes")) if path.is_file() else Notes()


def read_text(path: Path, what: str) -> str:
    """The text of ``path``; raises UsageError, which calls it ``what``, where it is missing or no text."""
    if path.is_dir():
        raise UsageError(f"{what} {path} is a directory, not a file")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{what} {path} does not exist") from None
    except UnicodeDecodeError:
        raise UsageError(f"{what} {path} is not text (UTF-8)") from None
    except OSError as error:
        raise UsageError(f"{what} {path} cannot be read: {error.strerror or error}") from None
    if "\0" in text:
        raise UsageError(f"{what} {path} is not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def percent_cells(text: str) -> list[Cell]:
    """The code cells of a percent script, each with the line on which its code begins."""
    import jupytext  # half a second: only where a script is read

    lines = text.splitlines()
    cells: list[Cell] = []
    at = 0
    for cell in jupytext.reads(text, fmt=PERCENT).cells:
        source = cell.source.splitlines()
        if cell.cell_type != "code" or not source:
            continue
        while at < len(lines) and lines[at : at + len(source)] != source:
            at += 1
        cells.append(Cell(cell.metadata.get("title", ""), cell.source, at + 1))
        at += len(source)
    return cells


def _numbers(setup: ast.Module) -> dict[str, int]:
    """The whole numbers that the setup cell binds: ``batch_size = 32``."""
    found: dict[str, int] = {}
    for statement in setup.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() as value)):
                found[name] = value
    return found


def _literals(setup: ast.Module) -> dict[str, tuple[str, ...]]:
    """The lists of names that the setup cell binds: ``parameters = [C, W1]``, ``asks = ["logits"]``."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in setup.body:
        match statement:
            case ast.Assign(targets=[target], value=ast.List(elts=elements) | ast.Tuple(elts=elements)):
                names = [e.id if isinstance(e, ast.Name) else getattr(e, "value", None) for e in elements]
                for name in target_names(target):
                    if all(isinstance(item, str) for item in names):
                        found[name] = tuple(str(item) for item in names)
    return found
