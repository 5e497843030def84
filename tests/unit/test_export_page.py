"""The parts of an exported page: its graph, its curve, and the page around them."""

from __future__ import annotations

import itertools
import re
from array import array
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.protocol.difference import Difference
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict
from ninja_tui.engine.protocol.views import WorstElement
from ninja_tui.engine.training.config import Backward
from ninja_tui.engine.training.events import Trained
from ninja_tui.export.curve import binned, curve_svg
from ninja_tui.export.graph import picture_of
from ninja_tui.export.layout import GAP, laid_out
from ninja_tui.export.page import Exported, page_of
from ninja_tui.lesson.program import read_program
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.replay import AnsweredLesson, FileReport, LessonReport, TrainingReport
from tests.unit.test_report_forms import EVIL, evil

SVG = "{http://www.w3.org/2000/svg}"
NAMES = read_lesson("names")


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Up to 100 tensors, each of which reads up to three of those before it."""
    count = draw(st.integers(1, 100))
    inputs: dict[str, list[str]] = {}
    for number in range(count):
        before = list(inputs)
        read = draw(st.lists(st.sampled_from(before), max_size=3)) if before else []
        inputs[f"t{number}"] = read
    return inputs


@pytest.mark.slow
@settings(max_examples=30)
@given(graphs())
def test_every_tensor_stands_below_what_it_reads_and_clear_of_its_neighbours(inputs: dict[str, list[str]]) -> None:
    widths = {name: 20.0 + 10 * len(name) for name in inputs}
    layout = laid_out(inputs, widths)
    assert layout.places.keys() == inputs.keys()
    for name, read in inputs.items():
        assert all(layout.places[each][1] < layout.places[name][1] for each in read)
    rows: dict[int, list[tuple[float, float]]] = {}
    for name, (x, row) in layout.places.items():
        rows.setdefault(row, []).append((x - widths[name] / 2, x + widths[name] / 2))
    for boxes in rows.values():
        boxes.sort()
        assert boxes[0][0] >= -1e-6
        assert boxes[-1][1] <= layout.width + 1e-6
        assert all(after[0] - before[1] >= GAP - 1e-6 for before, after in itertools.pairwise(boxes))


@pytest.mark.slow
@settings(max_examples=30)
@given(graphs())
def test_every_line_goes_from_box_to_box_row_by_row(inputs: dict[str, list[str]]) -> None:
    layout = laid_out(inputs, dict.fromkeys(inputs, 30.0))
    wanted = {(source, target) for target, read in inputs.items() for source in read}
    assert {(edge.source, edge.target) for edge in layout.edges} == wanted
    for edge in layout.edges:
        assert edge.points[0] == layout.places[edge.source]
        assert edge.points[-1] == layout.places[edge.target]
        rows = [row for _, row in edge.points]
        assert rows == list(range(rows[0], rows[-1] + 1))


def test_a_parameter_stands_right_above_its_first_consumer() -> None:
    layout = laid_out({"C": [], "a": ["C"], "b": ["a"], "W": [], "c": ["b", "W"]}, dict.fromkeys("CabWc", 30.0))
    assert layout.places["W"][1] == layout.places["c"][1] - 1


def test_every_tensor_has_a_box_with_its_statement_and_its_status() -> None:
    svg = picture_of(NAMES, {"probs": Status.FAIL, "h": Status.PASS}, {"probs": "l1-3"}).svg
    tree = ElementTree.fromstring(svg)
    boxes = {(box.findtext(f"{SVG}text") or ""): box for box in tree.iter(f"{SVG}g") if "box" in box.get("class", "")}
    bound = {name for statement in NAMES.statements for name in statement.binds} | set(NAMES.parameters)
    assert {label.split(" ")[-1] for label in boxes} == bound
    assert boxes["✗ probs"].get("class") == "box fail"
    assert boxes["✗ probs"].findtext(f"{SVG}title") == "probs: probs = counts * counts_sum_inv — gradient: fail"
    assert boxes["✓ h"].get("class") == "box pass"
    assert [link.get("href") for link in tree.iter(f"{SVG}a")] == ["#l1-3"]


def test_a_curve_has_few_points_however_many_losses_there_are() -> None:
    bins = binned([1.0 / (1 + step) for step in range(100_000)])
    assert len(bins) == 200
    assert bins[0].mean > bins[-1].mean
    assert len(curve_svg([2.0, 1.0] * 50_000)) < 30_000


def test_a_curve_over_decades_is_logarithmic_and_another_is_not() -> None:
    def ticks(losses: list[float]) -> list[str]:
        grid = ElementTree.fromstring(curve_svg(losses)).find(f"{SVG}g")
        assert grid is not None
        return [text.text or "" for text in grid.iter(f"{SVG}text") if text.get("class") == "end"]

    assert {"0.001", "0.01", "0.1"} <= set(ticks([10.0**-power for power in range(5) for _ in range(20)]))
    assert {"2.2", "2.4"} <= set(ticks([2.0 + step / 100 for step in range(60)]))


@pytest.mark.parametrize("losses", [[], [1.0], [float("nan")] * 5, [float("inf"), 1.0]])
def test_there_is_no_curve_of_fewer_than_two_finite_losses(losses: list[float]) -> None:
    assert curve_svg(losses) == ""


@pytest.mark.parametrize("losses", [[0.0, 0.0], [3.0] * 10, [1.0, float("nan"), 2.0], [-1.0, 1e30], [1e-30, 1e-31]])
def test_whatever_the_losses_the_curve_is_well_formed(losses: list[float]) -> None:
    svg = ElementTree.fromstring(curve_svg(losses))
    points = " ".join(each.get("points", "") for each in svg)
    assert points
    assert "nan" not in points
    assert "inf" not in points


class Reader(HTMLParser):
    """What a page holds: its tags, its ids, where its links lead, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


DIFFERENCE = Difference((2, 2), (2, 2), ((0.0, 1.0), (0.0, -0.5)), 0.25, WorstElement((0, 1), 0.25))
CODE = (Fragment("dprobs = (1.0 / probs) * dlogprobs * 2", 2, 2),)


def lesson_report(*verdicts: Verdict) -> LessonReport:
    text = "# %% lesson: names\ndprobs = (1.0 / probs) * dlogprobs * 2  # why?\n"
    nodes = [node.name for node in NAMES.nodes]
    answered = AnsweredLesson(NAMES, lambda: read_program(text, nodes, "mine.py"), Options(), tuple(text.split("\n")))
    return LessonReport(
        "names", 1, 3.5, "2.13", len({each.node for each in verdicts}), verdicts, answered=answered,
        code={("probs", 2): CODE},
    )  # fmt: skip


PROBS = Verdict(
    "probs", Status.FAIL, (32, 27), 2, (32, 27), maxdiff=0.25, difference=DIFFERENCE,
    diagnosis=Diagnosis(Kind.SCALE, "`probs` is off by the factor 2 <i>"),
)  # fmt: skip
ROUNDED = Verdict("h", Status.PASS, (32, 64), 3, (32, 64), approximate=True, maxdiff=1e-9, difference=DIFFERENCE)
MISSING = Verdict("C", Status.MISSING, (27, 10))


def page(*verdicts: Verdict, training: TrainingReport | None = None, untrained: str | None = None) -> str:
    report = lesson_report(*verdicts)
    return page_of(Exported(FileReport("a/mine.py", (report,)), (report,), training, untrained), "1.0")


def test_a_page_is_whole_by_itself() -> None:
    reader = read(page(PROBS, ROUNDED, MISSING))
    assert {"script", "img", "iframe", "object", "form", "base"}.isdisjoint(reader.tags)
    assert "link" not in reader.tags
    assert not any(name.startswith("on") or name == "src" for name in reader.attributes)
    assert "default-src 'none'" in page(PROBS)
    assert not re.search(r"url\(|@import", page(PROBS))


def test_every_link_leads_to_a_place_on_it_and_each_is_there_once() -> None:
    reader = read(page(PROBS, ROUNDED, MISSING))
    assert reader.links
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.ids)
    assert len(set(reader.ids)) == len(reader.ids) == 2


def test_an_answer_has_its_code_with_what_is_meant_marked_and_its_comment_and_its_difference() -> None:
    html = page(PROBS)
    assert "<mark>(1.0 / probs) * dlogprobs * 2</mark>  # why?" in html
    assert "<code>probs</code> is off by the factor 2 &lt;i&gt;" in html
    assert "largest difference 2.50e-01, at [0, 1] of (2, 2)" in html
    assert "<code>logprobs = probs.log()</code>" in html


def test_the_difference_of_what_is_right_is_folded() -> None:
    assert read(page(ROUNDED)).tags.count("details") == 1
    assert "details" not in read(page(PROBS)).tags


def test_missing_answers_are_listed_and_are_no_sections() -> None:
    reader = read(page(PROBS, MISSING))
    assert "1 missing: dC" in reader.text
    assert reader.tags.count("section") == 1


def test_the_page_passes_only_where_all_that_it_shows_does() -> None:
    assert '<span class="badge fail">fail</span></h1>' in page(PROBS, ROUNDED)
    assert '<span class="badge pass">pass</span></h1>' in page(ROUNDED)


def test_names_and_losses_of_a_training_are_shown_as_text() -> None:
    losses = array("d", [3.0, 2.5, 2.0, 1.5])
    done = Trained(Backward.MANUAL, 4, 0.5, losses, 2.0, None, (), {}, None)
    reader = read(page(ROUNDED, training=TrainingReport("names", done, ("emma", "<b>"))))
    assert "loss on the training set 2.0000" in reader.text
    assert "validation" not in reader.text
    assert "<b>" in reader.text
    assert "polyline" in reader.tags


def test_why_nothing_was_trained_is_said() -> None:
    assert "nothing was trained: dh found no end" in page(ROUNDED, untrained="nothing was trained: dh found no end")


def test_whatever_strangers_wrote_is_text(tmp_path: Path) -> None:
    report = evil()
    html = page_of(Exported(report, report.lessons, untrained=EVIL), "1.0")
    html.encode()
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
