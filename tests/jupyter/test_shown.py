"""A session's report as HTML and as text: plain text is never more than text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ninja_tui.engine.protocol.difference import Difference
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict
from ninja_tui.engine.protocol.views import WorstElement
from ninja_tui.errors import UsageError
from ninja_tui.jupyter.shown import Judged
from ninja_tui.lesson.locations import Prompts
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.replay import FileReport, LessonReport
from ninja_tui.report.records import record_of

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>[bold]\x1b[31m"
CODE = Fragment(f"dh = C[ix] * '{HOSTILE[:40]}' * 2", 12, 12)
DIFFERENCE = Difference((2, 2), (2, 2), ((1.0, 0.0), (0.0, -0.5)), 0.25, WorstElement((0, 0), 0.25))
VERDICTS = (
    Verdict("probs", Status.PASS, (2, 2), line=3, shape=(2, 2), exact=True, approximate=True, maxdiff=0.0),
    Verdict(
        "h", Status.FAIL, (2, 2), line=12, shape=(2, 2), maxdiff=0.25,
        diagnosis=Diagnosis(Kind.SCALE, "every entry is off by the factor 2"), difference=DIFFERENCE,
    ),
    Verdict("W", Status.ERROR, (3,), line=13, error=HOSTILE, named=f"grads['{HOSTILE}']"),
    Verdict("b", Status.MISSING, (3,)),
)  # fmt: skip


@pytest.fixture
def judged() -> Judged:
    code = {("h", 12): (CODE,)}
    lesson = LessonReport("the session", None, 1.0, "2", 4, VERDICTS, starts=Prompts((1, 11)), code=code)
    return Judged(FileReport("the session", (lesson,), notes=(HOSTILE,)))


class Tags(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        self._style = tag == "style"

    def handle_data(self, data: str) -> None:
        self.text += "" if self._style else data

    def handle_endtag(self, tag: str) -> None:
        self._style = False


def test_html_holds_tables_sentences_code_and_heatmaps(judged: Judged) -> None:
    page = Tags(judged._repr_html_())
    assert {"table", "svg", "mark", "pre"} <= page.tags
    for words in ("1 of 4 pass", "every entry is off by the factor 2", "In [2], 2", "largest difference 2.50e-01"):
        assert words in page.text


def test_html_has_no_script_and_fetches_nothing(judged: Judged) -> None:
    html = judged._repr_html_()
    page = Tags(html)
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object", "a"})
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("href", "src")]
    assert "<script>alert(1)</script>" in page.text
    assert "url(" not in html
    assert set(re.findall(r"https?://[^\s\"]+", html)) <= {"http://www.w3.org/2000/svg"}


def test_every_rule_of_the_style_is_for_the_report_alone(judged: Judged) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", judged._repr_html_(), re.DOTALL)
    assert "data-jp-theme-light" in style
    for selectors in re.findall(r"([^{}@]+)\{[^{}]*\}", re.sub(r"@media[^{]*\{", "", style)):
        for selector in selectors.split(","):
            assert re.search(r"ninja-tui|\.heat|:root", selector), selector


def test_text_is_what_replay_prints_with_cells_in_the_place_of_lines(judged: Judged) -> None:
    text = repr(judged)
    assert "the session   1 of 4 pass" in text
    assert "✗ In [2], line 2  dh  2.50e-01  scale" in text
    assert "– 1 missing: db" in text
    assert "\x1b" not in text


def test_text_has_colours_only_where_they_are_asked_for(judged: Judged) -> None:
    assert "\x1b[" in judged.text(colour=True)


@pytest.mark.parametrize("name", ["h", "dh"])
def test_a_node_in_detail_is_told_alone_with_its_difference(judged: Judged, name: str) -> None:
    one = judged.of_nodes((name,))
    assert "largest difference 2.50e-01, at [0, 0] of (2, 2)" in repr(one)
    assert "dprobs" not in repr(one)
    html = Tags(one._repr_html_())
    assert "dh" in html.text
    assert "dprobs" not in html.text
    assert "1 of 4 pass" in html.text


def test_a_node_that_is_not_there_is_told_with_those_that_are(judged: Judged) -> None:
    with pytest.raises(UsageError, match=r"no gradient of `prob`; did you mean `probs`\?"):
        judged.of_nodes(("prob",))


def test_an_error_is_told_in_both_forms() -> None:
    judged = Judged(FileReport("the session", error="<b>it cannot be used"))
    assert "<b>it cannot be used" in repr(judged)
    assert "&lt;b&gt;it cannot be used" in judged._repr_html_()


SPREAD = (Fragment("dy = dh * 2", 12, 12), Fragment("dy += 3 * dh", 24, 24))
"""An answer in two cells."""


@pytest.mark.parametrize(
    ("starts", "head"),
    [(Prompts((1, 11, 21)), "In [3], line 4  dy"), ((1, 11, 21), "mine.ipynb, cell 3, line 4  dy")],
)
def test_the_head_names_the_cell_and_the_line_of_the_code_that_is_shown(starts: tuple[int, ...], head: str) -> None:
    verdict = Verdict(
        "y", Status.FAIL, (2, 2), line=12, shape=(2, 2), maxdiff=0.25,
        diagnosis=Diagnosis(Kind.SCALE, "1 of 2 terms is right; the one through `h` is off by the factor 3/2"),
    )  # fmt: skip
    lesson = LessonReport("mine", None, 1.0, "2", 1, (verdict,), starts=starts, code={("y", 12): SPREAD})
    judged = Judged(FileReport("mine.ipynb", (lesson,)))
    told, code = judged.text().splitlines()[1:3]
    assert told.startswith(f"✗ {head}")
    assert code.split("│")[0].strip() == "4" and code.endswith("dy += 3 * dh")
    assert "In [3], 4" in Tags(judged._repr_html_()).text
    assert re.search(r"fail[ │]+3:4\b", replace(judged, detailed=True).text())
    (record,) = record_of(judged.report).lessons[0].nodes
    assert (record.cell, record.line, record.code[0].line) == (3, 4, 4)
