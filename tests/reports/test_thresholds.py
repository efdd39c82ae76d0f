from __future__ import annotations

from reports.estimates import Estimate
from reports.latency import Latency
from reports.thresholds import ThresholdResult, judge_thresholds
from sim.verdict import Outcome

BOUND = "generator-bound: schedule lag p99 is 25.0 ms, at most 10 ms is allowed"


def _judged(value_s: float, samples: int = 5000, spread_s: float = 0.0625, bound: str = "") -> ThresholdResult:
    statistics = {"p99": Estimate(value_s, value_s - spread_s, value_s + spread_s)}
    (result,) = judge_thresholds({"delivery_p99": 0.5}, {"delivery": Latency(samples, 0, statistics)}, bound)
    return result


def test_below_the_limit_passes_with_value_and_interval() -> None:
    assert _judged(0.25) == ThresholdResult("delivery_p99", 0.5, 0.25, 0.1875, 0.3125, Outcome.PASS, 5000)


def test_at_the_limit_passes_and_above_it_fails() -> None:
    assert _judged(0.5).outcome is Outcome.PASS
    assert _judged(0.5001).outcome is Outcome.FAIL


def test_an_interval_that_straddles_the_limit_is_noted_on_either_side() -> None:
    assert "straddles" in _judged(0.45).note
    assert "straddles" in _judged(0.55).note
    assert _judged(0.6).note == ""


def test_too_few_samples_for_the_percentile_is_unknown_even_above_the_limit() -> None:
    found = _judged(0.9, samples=298)
    assert (found.outcome, found.note) == (Outcome.UNKNOWN, "298 samples, p99 needs 299")
    assert _judged(0.9, samples=299).outcome is Outcome.FAIL


def test_a_generator_that_fell_behind_turns_pass_into_unknown_but_never_excuses_a_failure() -> None:
    assert (_judged(0.2, bound=BOUND).outcome, _judged(0.2, bound=BOUND).note) == (Outcome.UNKNOWN, BOUND)
    assert (_judged(0.9, bound=BOUND).outcome, _judged(0.9, bound=BOUND).note) == (Outcome.FAIL, BOUND)


def test_nothing_seen_is_unknown() -> None:
    (found,) = judge_thresholds({"receipt_p50": 1.0}, {"receipt": Latency(0, 0, {})}, "")
    assert (found.outcome, found.actual_s, found.note) == (Outcome.UNKNOWN, None, "no receipt was seen")
