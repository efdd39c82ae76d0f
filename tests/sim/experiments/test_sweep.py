"""Grids of settings, and where a curve bends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sim.errors import ScenarioError, UsageError
from sim.experiments.case import Case, Values
from sim.experiments.grid import parse_grid
from sim.experiments.point import Point
from sim.experiments.sweep import Swept, knee, run_sweep
from tests.sim.experiments.worlds import Answering, overloaded, steady, tiny

SCENARIO = tiny()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2,4", ["1", "2", "4"]),
        ("seed,hardened", ["seed", "hardened"]),
        ("4..8:3", ["4", "6", "8"]),
        ("1..16:5", ["1", "2", "4", "8", "16"]),
        ("0ms..20ms", ["0ms", "5ms", "10ms", "15ms", "20ms"]),
        ("1s..2s:3", ["1s", "1.5s", "2s"]),
        ("500ms..1s:3", ["0.5", "0.75", "1"]),
        ("50bn/day..100bn/day:3", ["50bn/day", "75bn/day", "100bn/day"]),
        ("10%..30%:3", ["10%", "20%", "30%"]),
        ("1:20_000..1:10_000:3", ["0.00005", "0.000075", "0.0001"]),
        ("1..3", ["1", "2", "3"]),
        ("1,8..10:3", ["1", "8", "9", "10"]),
    ],
)
def test_a_setting_takes_several_values(text: str, values: list[str]) -> None:
    (axis,) = parse_grid([f"design.x={text}"]).axes
    assert list(axis.values) == values


def test_single_values_are_shared_and_the_last_axis_moves_fastest() -> None:
    grid = parse_grid(["a=1,2", "b=word", "c=x,y"])
    assert grid.shared == ("b=word",)
    assert [tuple(point.values()) for point in grid.points()] == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("a=5..1", "the range runs from 5 down to 1"),
        ("a=20ms..10ms:3", "the range runs from 20ms down to 10ms"),
        ("a=low..high", "expected numbers x..y"),
        ("a=1..4:1", "at least 2 steps"),
        ("a=1..4:x", "at least 2 steps"),
        ("a=..4", "expected x..y"),
        ("a=1,,2", "an empty value"),
        ("a=1001..1999:600", "600 points are more than 500"),
    ],
)
def test_a_range_that_cannot_be_is_refused(setting: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_grid([setting])


def curve(*p99s_s: float | None) -> Sequence[Swept]:
    """Points at 1, 2, 3 …; None is overloaded."""
    found = [overloaded() if p99_s is None else steady(p99_s) for p99_s in p99s_s]
    return [Swept({"x": str(at)}, Point(SCENARIO, (values,) * 4)) for at, values in enumerate(found, 1)]


def place(found: Swept | None) -> str | None:
    return None if found is None else found.settings["x"]


def test_the_knee_is_where_the_curve_turns_up() -> None:
    assert place(knee(curve(0.1, 0.11, 0.12, 0.13, 0.9, 2.0), "x")) == "4"


def test_or_where_a_falling_one_levels_out() -> None:
    assert place(knee(curve(2.0, 0.3, 0.2, 0.15, 0.14), "x")) == "2"


def test_a_line_has_no_knee() -> None:
    assert knee(curve(0.1, 0.2, 0.3, 0.4), "x") is None
    assert knee(curve(0.1, 0.1, 0.1, 0.1), "x") is None


def test_without_a_bend_it_is_the_last_point_before_overload() -> None:
    assert place(knee(curve(0.1, 0.1, 0.1, None, None), "x")) == "3"


def test_a_curve_over_words_has_no_knee() -> None:
    words = [Swept({"x": word}, one.point) for word, one in zip(["all", "one"], curve(0.1, 5.0), strict=True)]
    assert knee(words, "x") is None


def test_all_points_are_run_on_the_same_random_numbers() -> None:
    asked: list[Case] = []

    def answer(case: Case) -> Values:
        asked.append(case)
        return steady(case.scenario.design.partitions / 100)

    found = run_sweep(SCENARIO, parse_grid(["design.partitions=4,8", "design.workers=1,2"]), Answering(answer), count=4)
    assert len({case.seeds for case in asked}) == 4
    assert [one.point.values("delivery_p99") for one in found.swept] == [[0.04] * 4] * 2 + [[0.08] * 4] * 2
    assert sorted(found.curves()) == [("1",), ("2",)]


def test_a_point_that_cannot_be_is_told_before_anything_is_run() -> None:
    laboratory = Answering(lambda case: steady(0.1))
    with pytest.raises(ScenarioError, match=r"design\.partitions"):
        run_sweep(SCENARIO, parse_grid(["design.partitions=4,4000"]), laboratory)
    assert laboratory.asked == 0


def test_nothing_to_sweep_is_refused() -> None:
    with pytest.raises(UsageError, match="give a setting several values"):
        run_sweep(SCENARIO, parse_grid(["design.partitions=4"]), Answering(lambda case: steady(0.1)))
