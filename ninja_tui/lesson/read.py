"""From a lesson's folder or script to a Lesson. jupytext reads the percent format."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.formatting import guess, one_line
from ninja_tui.lesson.files import NOTES_LIMIT, TEXT_LIMIT, Limit, exists, is_folder, is_regular, read_bytes
from ninja_tui.lesson.graph import nodes_of, parse, statements_of
from ninja_tui.lesson.model import Cell, Lesson, Notes
from ninja_tui.lesson.syntax.literals import bound_lists, bound_numbers

DEFAULT_LESSON = "names"
"""The one that is opened, and that answers are to, where none is named."""
TEACHING_ORDER = (
    "micrograd", "names", "cross-entropy", "batchnorm", "train", "dinosaurs", "conv1d", "attention", "layernorm",
    "rmsnorm", "rnn",
)  # fmt: skip
"""The order of the lectures, and what goes beyond them; all others follow."""
LESSONS = Path(__file__).parent.parent / "lessons"
REQUIRED_CELLS = ("setup", "forward")
OPTIONAL_CELLS = ("minibatch", "calibrate", "predict")
LONGEST_MESSAGE = 200
"""Characters of another library's message that are shown."""
COOKIE_LINES = 2
"""A file's first lines, which may declare its encoding."""
_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=].*")
_CELL = re.compile(r"^[ \t]*#[ \t]*(?:%%|<codecell>|In\[)", re.MULTILINE)
MOST_CELLS = 3_000
_HEADER = re.compile(r"(?:#!.*\n)?# ---\n(?:#.*\n)*")
LONGEST_HEADER = 10_000
"""Characters of the comments that a script begins with, where these are YAML."""
_NO_BREAKS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
NO_ENCODINGS = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "utf_7"})
"""What Python can decode, and no text is written in: they take long, or give what has no encoding."""
PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}


def lesson_names() -> list[str]:
    """The names of the bundled lessons, in the order of the lectures."""
    names = sorted(path.parent.name for path in LESSONS.glob("*/forward.py"))
    return sorted(names, key=lambda name: TEACHING_ORDER.index(name) if name in TEACHING_ORDER else len(TEACHING_ORDER))


def is_bundled(path: Path) -> bool:
    """Whether a file belongs to a bundled lesson."""
    return path.resolve().is_relative_to(LESSONS.resolve())


def read_lesson(name: str) -> Lesson:
    """The bundled lesson ``name``, or the one in the folder of that path; raises UsageError where there is none."""
    if name in lesson_names():
        return read_folder(LESSONS / name)
    if is_folder(Path(name)):
        return read_folder(Path(name).resolve())
    raise no_such_lesson(name)


def no_such_lesson(name: str) -> UsageError:
    """What is said of a name that no lesson has: the one that may be meant, and those that there are."""
    names = lesson_names()
    meant = guess(name, names)
    return UsageError(
        f"there is no lesson `{name}`{meant or ';'} {'There' if meant else 'there'} is: {', '.join(names)}"
    )


def read_folder(folder: Path) -> Lesson:
    """The lesson in ``folder``: forward.py, and, where they are there, notes.md and solution.py."""
    return read_script(folder / "forward.py", folder.name)


def read_script(path: Path, name: str | None = None) -> Lesson:
    """The lesson in the percent script ``path``; notes and solution stand beside it. It is called as the file is."""
    return lesson_of(path, percent_cells(read_text(path, "the lesson"), f"the lesson {path}"), name)


def lesson_of(path: Path, percent: Iterable[Cell], name: str | None = None) -> Lesson:
    """The lesson of the cells ``percent`` of the script ``path``; raises UsageError where they are none."""
    folder = path.parent
    name = one_line(name or path.stem)
    where = f"{folder.name}/{path.name}"
    cells = {cell.title: cell for cell in percent}
    for title in REQUIRED_CELLS:
        if title not in cells:
            raise UsageError(f"{where} has no cell `# %% {title}`")
    setup, forward = cells["setup"], cells["forward"]
    statements = statements_of(forward.source, forward.line, where)
    in_setup = parse(setup.source, setup.line, where).body
    for title in OPTIONAL_CELLS:
        if title in cells:
            parse(cells[title].source, cells[title].line, where)
    lists = bound_lists(in_setup)
    parameters = lists.get("parameters", ())
    nodes = nodes_of(statements, parameters)
    if not nodes:
        raise UsageError(f"{where}: nothing in the forward pass depends on `parameters = [...]` of the setup cell")
    asks = lists.get("asks") or tuple(node.name for node in nodes)
    known = {node.name for node in nodes}
    for asked in asks:
        if asked not in known:
            raise UsageError(f"{where}: `asks` names `{asked}`, which is no node of the forward pass")
    solution, textbook = folder / "solution.py", folder / "textbook.py"
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
        numbers=bound_numbers(in_setup),
        notes=_notes(folder / "notes.md"),
        solution=solution if is_regular(solution) else None,
        textbook=textbook if is_regular(textbook) else None,
    )


def _notes(path: Path) -> Notes:
    from ninja_tui.lesson.notes import parse_notes  # loads a Markdown parser: only where a lesson is read

    return parse_notes(read_text(path, "the notes", NOTES_LIMIT)) if exists(path) else Notes()


def read_text(path: Path, what: str, limit: Limit = TEXT_LIMIT) -> str:
    """The text of ``path``, which may be STDIN; raises UsageError, which calls it ``what``, where it is missing, no
    text, or more than ``limit``.
    """
    try:
        text = decoded(read_bytes(path, what, limit.size))
    except UnicodeDecodeError:
        raise UsageError(f"{what} {path} is not text (UTF-8)") from None
    if _NO_TEXT.search(text):
        raise UsageError(f"{what} {path} is not text")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if limit.lines is not None and (lines := text.count("\n")) > limit.lines:
        raise UsageError(f"{what} {path} has {lines:,} lines; at most {limit.lines:,} are read")
    return text


def decoded(raw: bytes) -> str:
    """The text of a file, in the encoding that its first lines declare (PEP 263), or UTF-8.

    Raises UnicodeDecodeError where it is not in it.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    except SyntaxError:  # an encoding that there is not, or a line that is no UTF-8
        encoding = "utf-8-sig"
    try:
        return raw.decode(encoding if encoding.lower().replace("-", "_") not in NO_ENCODINGS else "utf-8-sig")
    except (LookupError, UnicodeError):
        return raw.decode("utf-8-sig")


def percent_cells(text: str, where: str = "the script") -> list[Cell]:
    """The code cells of a percent script, each with the line on which its code begins.

    Raises UsageError, which calls it ``where``, if jupytext cannot read it.
    """
    import jupytext  # half a second: only where a script is read

    text = _without_cookie(text)
    _check_markers(text, where)
    kept = _Kept(text)
    try:
        percent = jupytext.reads(kept.without, fmt=PERCENT).cells
    except Exception as error:  # a header may hold anything, and fails in as many ways
        problem = getattr(error, "problem", None)  # of YAML
        reason = f"its header is no YAML ({problem})" if problem else described(error)
        raise UsageError(f"{where} cannot be read: {reason}") from None
    lines = kept.without.split("\n")
    cells: list[Cell] = []
    at = 0
    for cell in percent:
        source = cell.source.split("\n")
        if cell.cell_type != "code" or not cell.source:
            continue
        while at < len(lines) and (lines[at] != source[0] or lines[at : at + len(source)] != source):
            at += 1
        title = one_line(str(cell.metadata.get("title", "")), LONGEST_MESSAGE)
        cells.append(Cell(title, kept.restored(cell.source), at + 1))
        at += len(source)
    return cells


def _check_markers(text: str, where: str) -> None:
    """Raises UsageError for more cells than can be read in time, or a header that YAML makes endless of itself."""
    markers = sum(1 for _ in _CELL.finditer(text))
    if markers > MOST_CELLS:
        raise UsageError(f"{where} has {markers:,} cells; at most {MOST_CELLS:,} are read")
    header = _HEADER.match(text)
    if header is not None and (len(header[0]) > LONGEST_HEADER or "<<" in header[0]):
        raise UsageError(f"{where} has a header that is too long to be read, or merges keys with `<<`")


class _Kept:
    """A text ``without`` what Python takes for no line break, and jupytext does: others stand in its place."""

    def __init__(self, text: str) -> None:
        breaks = [each for each in _NO_BREAKS if each in text]
        stand_ins = (chr(code) for code in range(0xF0000, 0xFFFFE))
        unused = [each for each, _ in zip((each for each in stand_ins if each not in text), breaks, strict=False)]
        self.without = text.translate(str.maketrans("".join(breaks), "".join(unused)))
        self._back = str.maketrans("".join(unused), "".join(breaks))

    def restored(self, part: str) -> str:
        """A part of the text, as it was."""
        return part.translate(self._back)


def _without_cookie(text: str) -> str:
    """``text``, which is decoded, without what its first lines say of its encoding: jupytext refuses any but UTF-8."""
    first = text.split("\n", COOKIE_LINES)
    return "\n".join([*(_COOKIE.sub("#", line) for line in first[:COOKIE_LINES]), *first[COOKIE_LINES:]])


def described(error: Exception) -> str:
    """The message of ``error`` on one line, cut off where it is long; else the name of its class."""
    return one_line(" ".join(str(error).split()), LONGEST_MESSAGE) or type(error).__name__
