"""The loss curve as text: ticks that fit, a line that fills its room, and means of many losses."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from ninja_tui.tui.training.chart import Line, chart, loss_ticks, step_ticks
from ninja_tui.tui.training.state import POINTS, Curve


@pytest.mark.parametrize("columns", [20, 37, 74, 190])
@pytest.mark.parametrize("last", [1, 2, 7, 99, 1234, 20_000, 199_999, 5_000_000, 100_000_000])
def test_the_numbers_of_the_x_axis_never_touch_and_begin_at_0(last: int, columns: int) -> None:
    lines = [Line([(0.5, 3.0), (last - 0.5, 2.0)], "red")]
    below = chart(lines, last, columns + 5, 8).plain.splitlines()[-1]
    numbers = below.split()
    steps = [int(number.replace(",", "")) for number in numbers]
    assert steps[0] == 0
    assert steps[-1] <= last
    assert len({other - one for one, other in pairwise(steps)}) <= 1
    assert "  ".join(numbers) in "  ".join(below.split())
    assert len(below) <= columns + 5
    assert sum(map(len, numbers)) + 2 * (len(numbers) - 1) <= columns


def test_ticks_are_where_their_steps_are() -> None:
    ticks = step_ticks(20_000, 101)
    assert [tick.label for tick in ticks] == ["0", "2,000", "4,000", "6,000", "8,000"] + [
        f"{step:,}" for step in range(10_000, 20_001, 2000)
    ]
    assert [tick.at for tick in ticks] == list(range(0, 101, 10))


@pytest.mark.parametrize("rows", [3, 6, 12, 40])
@pytest.mark.parametrize(("low", "high"), [(2.1, 3.4), (2.0, 27.0), (1e-4, 3.0), (0.5, 0.51), (2.2, 2.2000001)])
def test_the_numbers_of_the_y_axis_are_losses_that_keep_apart(low: float, high: float, rows: int) -> None:
    ticks = loss_ticks(low, high, rows, math.log10)
    values = [float(tick.label.replace(",", "")) for tick in ticks]
    places = [tick.at for tick in ticks]
    assert len(ticks) >= 2
    assert all(low * 0.999 <= value <= high * 1.001 for value in values)
    assert all(abs(one - other) >= 2 for one, other in pairwise(places))
    assert all(0 <= place < rows for place in places)


def test_the_line_goes_from_the_first_column_to_the_last_and_from_top_to_bottom() -> None:
    plot = chart([Line([(step, 4.0 - step / 50) for step in range(101)], "red")], 100, 60, 12).plain.splitlines()[:-2]
    dots = [[place for place, character in enumerate(row) if character >= "⠁"] for row in plot]
    assert all(dots)
    assert dots[0][0] == plot[0].index("┤" if "┤" in plot[0] else "│") + 1
    assert dots[-1][-1] == 59


def test_losses_that_are_not_positive_have_a_linear_scale() -> None:
    text = chart([Line([(0.0, 1.0), (10.0, -1.0)], "red")], 10, 40, 9).plain
    assert [line.split("┤")[0].strip() for line in text.splitlines() if "┤" in line] == ["1", "0", "-1"]


def test_without_points_or_room_there_is_nothing() -> None:
    assert chart([], 10, 80, 20).plain == ""
    assert chart([Line([(0.0, 1.0)], "red")], 10, 10, 3).plain == ""


def test_a_dashed_line_has_gaps_where_the_other_has_none() -> None:
    points = [(step, 3.0 - step / 100) for step in range(101)]
    whole, dashed = (chart([Line(points, "red", dashed)], 100, 60, 12).plain for dashed in (False, True))
    assert sum(character >= "⠁" for character in dashed) < 0.7 * sum(character >= "⠁" for character in whole)


@pytest.mark.parametrize("chunk", [1, 7, 1800])
def test_each_point_is_the_mean_of_as_many_losses_and_no_loss_is_left_out(chunk: int) -> None:
    losses = [2.0 + math.sin(step) for step in range(5000)]
    curve = Curve()
    for start in range(0, len(losses), chunk):
        curve = curve.with_losses(losses[start : start + chunk])
    width = curve.width
    assert POINTS // 2 <= len(curve.points) <= POINTS
    for number, point in enumerate(curve.points):
        assert point == pytest.approx(sum(losses[number * width : (number + 1) * width]) / width)
    assert len(curve.points) * width + len(curve.rest) == 5000
    assert curve.line[-1][0] <= 5000 < curve.line[-1][0] + width


@pytest.mark.parametrize("more", [1, 2, 50, 499, 511])
def test_the_last_steps_do_not_end_the_curve_in_a_spike(more: int) -> None:
    losses = [2.0 + (1.5 if step % 512 == 0 else 0.0) for step in range(512 * 300 + more)]
    curve = Curve.over(200_000).with_losses(losses)
    assert (curve.width, len(curve.rest)) == (512, more)
    before, last = curve.line[-2:]
    assert abs(last[1] - before[1]) <= 1.5 / 512 + 1e-9
    assert last[0] - before[0] == more


def test_the_last_point_is_that_of_the_last_steps() -> None:
    curve = Curve(4).with_losses([1.0, 1.0, 1.0, 1.0, 3.0, 3.0])
    assert curve.line == ((2.0, 1.0), (4.0, 2.0))
    assert Curve(4).with_losses([5.0, 2.0]).line == ((1.0, 3.5),)


def test_losses_that_are_no_numbers_are_left_out() -> None:
    assert Curve().with_losses([1.0, math.nan, math.inf, 2.0]).points == (1.0, 2.0)
