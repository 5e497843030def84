"""What nodes are worth, and what is wrong with a points file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.errors import UsageError
from ninja_tui.report.points import Points, points_text, read_points
from ninja_tui.report.records import LessonRecord, NodeRecord
from tests.helpers import a_file

PASS = NodeRecord("probs", "dprobs", 3, Status.PASS, (2,), (2,), True, True, 0.0, 0.0, (), None, None)
FILE = """
points = 2
approximate = 0.5
warnings = false
revealed = 0.25

[lessons.names]
points = 3

[lessons.names.nodes]
probs = 10
"""


@pytest.fixture
def points(tmp_path: Path) -> Points:
    return read_points(a_file(tmp_path, FILE, "points.toml"))


def test_a_node_has_its_own_points_or_its_lessons_or_those_of_all(points: Points) -> None:
    assert [points.most("names", "probs"), points.most("names", "h"), points.most("train", "h")] == [10, 3, 2]


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (PASS, 10),
        (replace(PASS, status=Status.FAIL), 0),
        (replace(PASS, status=Status.TIMEOUT), 0),
        (replace(PASS, status=Status.MISSING), 0),
        (replace(PASS, exact=False), 5),
        (replace(PASS, warnings=("shape",)), 0),
        (replace(PASS, revealed=True), 2.5),
        (replace(PASS, revealed=True, exact=False), 1.25),
    ],
)
def test_what_an_answer_is_worth(points: Points, answer: NodeRecord, got: float) -> None:
    assert points.of_answers("names", [answer]) == got


def test_a_node_is_worth_what_its_worst_answer_is(points: Points) -> None:
    lesson = LessonRecord("names", 1, 1.0, 0, 1, (PASS, replace(PASS, status=Status.FAIL), replace(PASS, node="h")))
    assert points.of_lesson(lesson) == (3, 13)


def test_without_a_file_each_node_is_a_point(tmp_path: Path) -> None:
    for each in (Points(), read_points(a_file(tmp_path, "", "points.toml"))):
        assert each.of_answers("names", [replace(PASS, exact=False, warnings=("shape",), revealed=True)]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("points = ", "is no TOML: Invalid value (at end of document)"),
        ("point = 1", "there is no `point`; did you mean `points`?"),
        ("points = true", "`points` is a number of points from 0, not true"),
        ("points = -1", "`points` is a number of points from 0, not -1"),
        ("points = nan", "`points` is a number of points from 0, not nan"),
        ("points = '5'", "`points` is a number of points from 0, not '5'"),
        ("approximate = 2", "`approximate` is true, false or a share from 0 to 1, not 2"),
        ("revealed = []", "`revealed` is true, false or a share from 0 to 1, not []"),
        ("lessons = 3", "`lessons` is a table, not 3"),
        ("[lessons.nams]", "there is no lesson `nams`; did you mean `names`?"),
        ("[lessons.names]\nnode = 1", "there is no `lessons.names.node`; did you mean `nodes`?"),
        ("[lessons.names.nodes]\nprosb = 1", "there is no `lessons.names.nodes.prosb`; did you mean `probs`?"),
        ("[lessons.names.nodes]\nprobs = {}", "`lessons.names.nodes.probs` is a number of points from 0, not a table"),
    ],
)
def test_what_is_wrong_with_a_points_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = a_file(tmp_path, text, "points.toml")
    with pytest.raises(UsageError) as raised:
        read_points(path)
    told = str(raised.value)
    assert told.startswith(f"the points file {path}")
    assert said in told
    assert "\n" not in told


def test_a_lesson_of_ones_own_may_have_points(tmp_path: Path) -> None:
    points = read_points(a_file(tmp_path, "[lessons.exercise7.nodes]\nx = 4\n", "points.toml"))
    assert points.most("exercise7", "x") == 4


@pytest.mark.parametrize(("points", "text"), [(2.0, "2"), (2.5, "2.5"), (1 / 3, "0.33"), (0.0, "0"), (100.0, "100")])
def test_points_are_written_short(points: float, text: str) -> None:
    assert points_text(points) == text
