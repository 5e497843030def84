"""The strip of the graph around the current tensor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.content import Content

from ninja_tui.engine.evaluate.bench import Facts
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.lesson.graph_strip import MOST_LINES, Graph, Part, graph_strip
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import lesson_names, read_folder, read_lesson
from ninja_tui.lesson.solutions import SavedAnswer
from ninja_tui.tui.session import Session
from ninja_tui.tui.widgets.path import PathStrip, path_content

LESSONS = {name: read_lesson(name) for name in lesson_names()}
WIDTHS = (40, 41, 57, 78, 100, 140, 200)


def drawn(lesson: str, node: str, width: int, lines: int = MOST_LINES) -> list[str]:
    strip = graph_strip(Graph(LESSONS[lesson]), node, str, width, lines)
    return ["".join(piece.text for piece in line) for line in strip]


def begun(lesson: Lesson, **answers: bool) -> Session:
    """The lesson, with answers that pass or do not."""
    session = Session.begin(lesson, {}, {})
    for node, passed in answers.items():
        verdict = Verdict(node, Status.PASS if passed else Status.FAIL, (), exact=passed, approximate=passed)
        session = session.submitted(node, "x").saved(node, SavedAnswer("x")).judged(node, "x", verdict)
    return session


def content(session: Session, width: int = 200, lines: int = MOST_LINES) -> Content:
    return path_content(session, Graph(session.lesson), width, lines)


@pytest.mark.parametrize("name", LESSONS)
def test_it_fits_any_width_with_the_current_tensor_in_it(name: str) -> None:
    graph = Graph(LESSONS[name])
    for width in WIDTHS:
        for lines in range(1, MOST_LINES + 1):
            for current in graph.names:
                strip = graph_strip(graph, current, str, width, lines)
                assert 1 <= len(strip) <= lines
                assert max(sum(cell_len(piece.text) for piece in line) for line in strip) <= width
                pieces = [piece for line in strip for piece in line]
                assert [piece.text for piece in pieces if piece.part is Part.CURRENT] == [f"[{current}]"]


@pytest.mark.parametrize("name", LESSONS)
def test_who_reads_the_current_tensor_is_in_it_at_80_columns(name: str) -> None:
    lesson = LESSONS[name]
    for node in lesson.nodes:
        readers = {bound for index in node.consumers for bound in lesson.statements[index].binds}
        strip = graph_strip(Graph(lesson), node.name, str, 78, MOST_LINES)
        assert readers <= {piece.node for line in strip for piece in line}


def test_what_leads_there_and_the_paths_to_the_loss() -> None:
    assert drawn("names", "counts", 74) == ["C→…→norm_logits→[counts]─┬→counts_sum→counts_sum_inv┐→probs→logprobs→loss"]
    assert drawn("names", "counts", 40) == ["…→[counts]─┬→counts_sum→…┐→probs→…→loss"]
    assert drawn("names", "W2", 30) == ["[W2]→logits→logit_maxes→…→loss"]
    assert drawn("names", "loss", 40) == ["C→…→counts_sum_inv→probs→logprobs→[loss]"]
    assert drawn("micrograd", "a", 60) == ["w1→x1w1→s→n1→[a]─┬→av→n2→o┐→out→err→loss"]


def test_paths_that_fork_off_have_a_line_each_as_long_as_there_are_lines() -> None:
    assert drawn("attention", "x", 80) == [
        "C→tok→[x]─┬→q→qh→scores→masked→counts→counts_sum→wei┬→outh→out→logits→loss",
        "          ├→k→kh→scores→masked→counts→counts_sum→wei┤",
        "          └→v→vh────────────────────────────────────┘",
    ]
    assert drawn("attention", "x", 80, lines=2) == [
        "C→tok→[x]─┬→q→qh→scores→masked→counts→counts_sum→wei┬→outh→out→logits→loss",
        "          └→k│v→…───────────────────────────────────┘",
    ]
    assert drawn("attention", "x", 80, lines=1) == ["C→tok→[x]─┬→q│k│v→…┐→outh→out→logits→loss"]


def test_a_reader_on_the_way_of_another_has_no_line_of_its_own(tmp_path: Path) -> None:
    forward = "".join(f"x{n + 1} = x{n} + x{max(0, n - 1)}\n" for n in range(500))
    (tmp_path / "forward.py").write_text(f"# %% setup\nparameters = [x0]\n\n# %% forward\n{forward}", encoding="utf-8")
    (line,) = graph_strip(Graph(read_folder(tmp_path)), "x7", str, 60, MOST_LINES)
    assert "".join(piece.text for piece in line) == "x0→…→x5→x6→[x7]─┬→x8→x9→x10→x11→x12→x13→x14→x15→…→x499┐→x500"


def test_what_does_not_lead_to_the_loss_has_its_place_too() -> None:
    assert drawn("batchnorm", "bnmeani", 80) == ["C→emb→embcat→hprebn→[bnmeani]→bndiff→bndiff2→bnvar→bnvar_inv→bnraw"]
    assert drawn("batchnorm", "hprebn", 80) == ["C→emb→embcat→[hprebn]→hpreact→h→logits→loss"]


def test_a_name_that_has_no_room_is_cut_with_a_sign() -> None:
    (line,) = graph_strip(Graph(LESSONS["names"]), "counts", lambda name: name[0] * 60, 40, 1)
    text = "".join(piece.text for piece in line)
    assert len(text) <= 40
    assert text.startswith("[ccc")
    assert text.endswith("…]")


def test_done_nodes_have_a_sign_and_a_colour() -> None:
    session = begun(LESSONS["names"], logprobs=True, probs=False).at_node("counts")
    text = content(session)
    assert "[counts]─┬→counts_sum→counts_sum_inv┐→probs✗→logprobs✓→loss" in text.plain
    styles = {text.plain[span.start : span.end]: str(span.style) for span in text.spans}
    assert "$text-success" in styles["logprobs✓"]
    assert "$text-error" in styles["probs✗"]


def test_the_way_that_is_walked_is_lit_and_the_rest_is_dim() -> None:
    lesson = LESSONS["names"]

    def lit(session: Session) -> set[str]:
        text = content(session)
        return {text.plain[span.start : span.end] for span in text.spans if "bold" in str(span.style)}

    back = lit(begun(lesson).at_node("probs"))
    assert {"[probs]", "logprobs", "loss"} <= back
    assert "counts" not in back
    forward = lit(begun(lesson).at(lesson.node("probs").statement or 0))
    assert {"[probs]", "counts", "C"} <= forward
    assert "logprobs" not in forward


def test_a_single_number_has_its_value_and_once_its_answer_passes_its_gradient() -> None:
    singles = {"a": (0.7071, 0.3636), "out": (1.25, -2.0), "o": (0.5, -2.0)}
    facts = Facts(1.0, None, "", dict.fromkeys(singles, ()), {}, singles)
    session = begun(LESSONS["micrograd"], out=True, o=False).opened(facts).at_node("a")
    text = content(session).plain
    assert "[a=0.71]" in text
    assert "out=1.2 ∇-2✓" in text
    assert "o=0.5✗" in text
    assert text.endswith("loss=1 ∇1")


class StripApp(App[None]):
    CSS = "PathStrip { height: 3; }"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        yield PathStrip(id="path")

    def on_mount(self) -> None:
        self.query_one(PathStrip).session = self._session


async def test_the_widget_follows_the_session_and_its_own_size() -> None:
    session = begun(LESSONS["names"]).at_node("counts")
    app = StripApp(session)
    async with app.run_test(size=(80, 10)) as pilot:
        strip = app.query_one(PathStrip)

        def shown() -> str:
            return "\n".join(line.text.rstrip() for line in strip.render_lines(strip.size.region))

        await pilot.pause()
        assert "→probs→logprobs→loss" in shown()
        await pilot.resize_terminal(44, 10)
        await pilot.pause()
        assert "[counts]─┬→counts_sum→…┐→probs→…→loss" in shown()
        strip.session = session.at_node("h")
        await pilot.pause()
        assert "[h]→logits" in shown()
        strip.session = replace(session, lesson=LESSONS["attention"], position=0).at_node("x")
        await pilot.pause()
        assert len([line for line in shown().splitlines() if line]) == 3
