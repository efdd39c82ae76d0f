"""One design in several replications: intervals, thresholds of three values, overload, precision."""

from __future__ import annotations

import pytest

from sim.experiments.case import Case, Values
from sim.experiments.point import Judgement, Point, difference, replicate
from sim.statistics import Interval, Precision
from sim.verdict import Outcome
from tests.sim.experiments.worlds import Answering, overloaded, steady, tiny

SCENARIO = tiny(thresholds__delivery_p99=0.5)


def point(*replications: Values) -> Point:
    return Point(SCENARIO, replications)


def judged(*p99s_s: float, **more: float) -> Judgement:
    return point(*(steady(p99_s, **more) for p99_s in p99s_s)).judge()[0]


def test_a_threshold_passes_when_the_whole_interval_lies_below_it() -> None:
    assert judged(0.40, 0.41, 0.40, 0.41).outcome is Outcome.PASS


def test_it_fails_when_the_whole_interval_lies_above() -> None:
    assert judged(0.60, 0.61, 0.60, 0.61).outcome is Outcome.FAIL


def test_it_is_unknown_when_the_interval_is_too_wide_to_tell() -> None:
    found = judged(0.30, 0.45, 0.60, 0.40)
    assert found.interval is not None
    assert found.interval.mean < 0.5
    assert (found.outcome, found.note) == (Outcome.UNKNOWN, "the interval straddles it: more replications")


def test_it_is_unknown_from_too_few_samples_or_replications() -> None:
    assert judged(0.40, 0.41, 0.40, 0.41, delivery_samples=298).note == "298 samples, 299 needed"
    assert judged(0.40, 0.41, 0.40).outcome is Outcome.UNKNOWN


def test_an_overloaded_point_fails_by_the_growth_of_its_backlog_and_has_no_latency() -> None:
    found = point(overloaded(10), overloaded(14), overloaded(12), steady(3.0)).judge()[0]
    assert (found.outcome, found.interval, found.note) == (Outcome.FAIL, None, "overloaded: backlog grows by 9/s")


def test_a_warm_up_is_doubted_when_most_replications_settle_later() -> None:
    late, early = steady(0.1, settled_s=2.0), steady(0.1, settled_s=0.4)
    assert "run.warm_up (0.5 s) may be too short: by MSER-5, 3 of 4" in point(late, late, late, early).warning
    assert point(late, late, early, early).warning == ""


def test_the_busiest_is_a_loop_or_the_cores_never_a_server_of_many_threads() -> None:
    values = {**steady(0.1), "utilisation.kafka": 1.9, "utilisation.gateway-2": 0.8}
    assert point(values, values).busiest == ("gateway-2", 0.8)


def test_a_difference_is_paired() -> None:
    shared = [0.1, 0.9, 0.3, 2.0]
    first, second = point(*map(steady, shared)), point(*(steady(value + 0.5) for value in shared))
    found = difference(first, second, "delivery_p99")
    assert found is not None
    assert found.mean == pytest.approx(0.5)
    assert found.half_width == pytest.approx(0, abs=1e-12)
    assert difference(first, second, "receipt_p99") is None


def test_replications_go_on_until_the_precision_is_reached() -> None:
    def answer(case: Case) -> Values:
        return steady(0.1 * (1 + (case.number % 2)) if case.number < 5 else 0.15)

    laboratory = Answering(answer)
    found = replicate(SCENARIO, laboratory, number=Precision(relative=0.1, look_ahead=5, most=60))
    assert 10 < laboratory.asked < 60
    assert laboratory.asked % 5 == 0
    known = found.interval("delivery_p99")
    assert known is not None
    assert known.relative <= 0.1


def test_they_end_at_the_most_that_is_allowed() -> None:
    laboratory = Answering(lambda case: steady(1.0 if case.number % 2 else 0.001))
    found = replicate(SCENARIO, laboratory, number=Precision(relative=0.05, most=12))
    assert len(found.replications) == 12
    assert "after 12 replications, 5.0% was asked for" in found.warning


def test_so_many_replications_are_run_as_asked_for() -> None:
    laboratory = Answering(lambda case: steady(0.1 + case.number))
    found = replicate(SCENARIO, laboratory, number=4)
    assert found.values("delivery_p99") == [0.1, 1.1, 2.1, 3.1]
    assert found.interval("delivery_samples") == Interval(1000.0, 0.0)
