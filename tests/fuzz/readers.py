"""Every reader of files that strangers write, by the doors that the commands and the app use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from ninja_tui.errors import UsageError
from ninja_tui.lesson.classify import OwnNetwork, PercentLesson, SolutionsFile, classify
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.notebook.data_files import served_for
from ninja_tui.lesson.notebook.discover import Discovery, read_definitions
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.read import read_folder
from ninja_tui.lesson.solutions import Solutions, read_solutions
from ninja_tui.lesson.words import word_list_text
from ninja_tui.tui.config import Known, Reading, read_settings
from tests.fuzz import texts

NODES = ("logprobs", "probs", "h", "w")
KNOWN = Known(("dracula", "nord"), ("source", "card"))


@dataclass(frozen=True)
class Reader:
    """A reader of the file ``name``, which raises nothing but UsageError, and what such files may hold."""

    name: str
    read: Callable[[Path], None]
    contents: st.SearchStrategy[bytes]


def _everything_of(path: Path) -> None:
    """What is read of a file that is replayed, whatever it turns out to be."""
    kind = classify(path)
    match kind:
        case OwnNetwork():
            with contextlib.suppress(UsageError):
                _shown(kind.discovery)
            program = kind.program
            program.served(None)
            _fit_to_be_shown(*program.notes)
        case PercentLesson(source):
            network = OwnNetwork(source)
            with contextlib.suppress(UsageError):
                _shown(network.discovery)
            network.program.served(None)
        case SolutionsFile(text=text):
            _answers(Solutions(text, str(path), "names"))
            _shown(kind.discover())


def _opened(path: Path) -> None:
    lesson = open_lesson(str(path))
    _lesson(lesson)
    served_for(lesson, None)


def _folder(path: Path) -> None:
    _lesson(read_folder(path.parent))


def _lesson(lesson: Lesson) -> None:
    for node in lesson.nodes:
        lesson.upstream(node)
    _fit_to_be_shown(lesson.name)


def _shown(discovery: Discovery) -> None:
    _fit_to_be_shown(*discovery.notes, *(each.lesson.name for each in discovery.lessons))
    for each in discovery.lessons:
        _ = each.with_usual_names, each.to_answer


def _answers(solutions: Solutions) -> None:
    for name in {"names", *(section.lesson for section in solutions.sections())}:
        solutions.answers(name, NODES)
        for node in NODES:
            solutions.line_of(name, node, NODES)


def _solutions(path: Path) -> None:
    _answers(read_solutions(path, "names"))


def _definitions(path: Path) -> None:
    read_definitions(path)


def _word_list(path: Path) -> None:
    word_list_text(path)


def _settings(path: Path) -> None:
    reading: Reading = read_settings(path, KNOWN)
    _fit_to_be_shown(*reading.problems)


def _data(path: Path) -> None:
    """A module beside a script that imports it, and that names it."""
    script = path.with_name("importing.py")
    script.write_text(
        "import torch\nfrom data import *\nopen('data.py')\nw = torch.ones(3, requires_grad=True)\nloss = w.sum()"
    )
    kind = classify(script)
    assert isinstance(kind, OwnNetwork)
    kind.program.served(path)


def _fit_to_be_shown(*lines: str) -> None:
    for line in lines:
        assert line.isprintable() and len(line) <= 1000, line


def _contents(make: texts.Maker) -> st.SearchStrategy[bytes]:
    return st.randoms(use_true_random=True).map(lambda random: texts.content(random, make))


READERS = {
    "script": Reader("any.py", _everything_of, _contents(texts.SCRIPTS)),
    "notebook": Reader("any.ipynb", _everything_of, _contents(texts.NOTEBOOKS_MADE)),
    "Markdown": Reader("any.qmd", _everything_of, _contents(texts.MARKDOWN)),
    "any text": Reader(
        "any.txt", _everything_of, _contents(texts.one_of(texts.SCRIPTS, texts.MARKDOWN, texts.NOTEBOOKS_MADE))
    ),
    "opened in the app": Reader("any.py", _opened, _contents(texts.SCRIPTS)),
    "lesson": Reader("forward.py", _folder, _contents(texts.LESSONS_MADE)),
    "notes": Reader("notes.md", _folder, _contents(texts.one_of(texts.mutated(".md"), texts.markdown))),
    "solutions": Reader("solutions.py", _solutions, _contents(texts.SOLUTIONS)),
    "set-up": Reader("set-up.py", _definitions, _contents(texts.SCRIPTS)),
    "word list": Reader("words.csv", _word_list, _contents(texts.word_list)),
    "module and data": Reader("data.py", _data, _contents(texts.SCRIPTS)),
    "settings": Reader("config.toml", _settings, _contents(texts.settings_file)),
}
