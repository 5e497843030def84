"""The page on the lessons tells those that there are, in their order."""

from __future__ import annotations

import re
from pathlib import Path

from ninja_tui.lesson.catalogue import by_chapter, lesson_summaries
from ninja_tui.lesson.read import read_lesson

PAGE = Path(__file__).parents[2] / "docs" / "lessons.md"


def table(missing: Path) -> list[str]:
    """The rows of the table in the page: a heading for each chapter, and its lessons."""
    rows = ["| lesson | gradients | what it asks for |", "| --- | --- | --- |"]
    for chapter, lessons in by_chapter(lesson_summaries(missing)):
        rows.append(f"| **{chapter}** | | |")
        rows += [f"| `{each.name}` | {each.asked} | {each.description} |" for each in lessons]
    return rows


def test_the_table_is_the_catalogues(tmp_path: Path) -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert rows == table(tmp_path / "none.py")


def test_the_page_names_the_lessons_that_invent_names() -> None:
    text = PAGE.read_text(encoding="utf-8")
    (listed,) = re.findall(r"on the gradients that you have written\. (.*?)\s+invent names", text, re.DOTALL)
    named = set(re.findall(r"`([\w-]+)`", listed))
    everything = re.findall(r"^\| `([\w-]+)`", text, re.MULTILINE)
    assert named == {name for name in everything if read_lesson(name).predict is not None}
