from __future__ import annotations

from reports.plots.axes import fault_windows
from reports.plots.style import HOP_COLOURS, apart, figure, styled, to_svg
from sim.history import History
from sim.hops import HOPS


def _faults(*events: tuple[int, str, str]) -> History:
    return History.of(
        [{"t_ns": second * 10**9, "kind": kind, "target": target, "cause": "pause"} for second, kind, target in events]
    )


def test_a_fault_window_runs_from_start_to_stop_of_the_same_target() -> None:
    faults = _faults(
        (5, "fault.start", "kafka"), (6, "fault.start", "redis"), (8, "fault.stop", "kafka"), (9, "fault.stop", "redis")
    )
    assert fault_windows(faults, 60.0) == [(5.0, 8.0, "kafka: pause"), (6.0, 9.0, "redis: pause")]


def test_a_fault_that_was_never_undone_lasts_to_the_end() -> None:
    assert fault_windows(_faults((5, "fault.start", "kafka")), 60.0) == [(5.0, 60.0, "kafka: pause")]


def test_labels_are_moved_apart_and_keep_their_order() -> None:
    assert apart([3.0, 1.0, 1.25], 0.5) == [3.0, 1.0, 1.5]
    assert apart([], 0.5) == []


def test_every_hop_has_a_colour_of_its_own() -> None:
    assert len(set(HOP_COLOURS)) == len(HOPS)


@styled
def _chart() -> str:
    drawn, (axis,) = figure(4, 3)
    axis.set_title("words stay words")
    axis.plot([0, 1], [1, 2])
    return to_svg(drawn, "a line")


def test_a_chart_is_the_same_svg_every_time_and_keeps_its_text() -> None:
    assert _chart() == _chart()
    assert "words stay words" in _chart()
    assert _chart().startswith('<svg role="img" aria-label="a line"')
