"""The word lists that an exported notebook reads: beside it, and where one is found that is not there."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.syntax.standalone import texts_given
from ninja_tui.lesson.words import EVERY_LIST, bundled_text

READING = "read_words"
PUBLIC = {"names.txt": "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt"}
"""Where the lecture has its list of that name. It is another than ours: losses differ, and no verdict does."""

BESIDE = '''\
from pathlib import Path


def read_words(name):
    """The words of a list beside this notebook, one a line."""
    return Path({name}).read_text(encoding="utf-8").splitlines()'''
OR_PUBLIC = '''\
from pathlib import Path
from urllib.request import urlretrieve


def read_words(name):
    """The words of a list beside this notebook, one a line; where it is not there, of the lecture's."""
    public = {public}
    if not Path(name).exists() and name in public:
        print(f"{{name}} is not beside this notebook: the lecture's, which holds a few other names, is downloaded")
        urlretrieve(public[name], name)
    return Path(name).read_text(encoding="utf-8").splitlines()'''


@dataclass(frozen=True)
class WordList:
    """A list that is to stand beside a notebook: the file's name, and its text. ``of_person``: it is of ``--data``."""

    name: str
    text: str
    of_person: bool = False


def lists_of(lesson: Lesson, options: Options) -> tuple[WordList, ...]:
    """The lists that a lesson's set-up reads, as this session has them; raises UsageError for one that is not there."""
    names = texts_given(lesson.setup.source, READING)
    served = dict(options.served).get(EVERY_LIST)
    if names and served is not None and options.data is not None:
        return (WordList(options.data.with_suffix(".txt").name, f"{served}\n", of_person=True),)
    return tuple(WordList(name, bundled_text(name)) for name in names)


def reading_code(lists: tuple[WordList, ...]) -> str:
    """The code that defines ``read_words`` for a set-up; a list of one's own stands for whichever it asks for."""
    for each in lists:
        if each.of_person:
            return BESIDE.format(name=repr(each.name))
    public = {each.name: PUBLIC[each.name] for each in lists if each.name in PUBLIC}
    return OR_PUBLIC.format(public=public) if public else BESIDE.format(name="name")
