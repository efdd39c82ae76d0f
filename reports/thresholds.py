"""Thresholds of a scenario, judged on one history's latencies.

too few samples to bound the percentile    unknown   (see `reports.estimates.ENOUGH`)
above the limit                            fail      the note says so when the interval reaches below the limit
below, but the generator fell behind       unknown   generator-bound: the load that was asked for never came
below                                      pass      the note says so when the interval reaches above the limit
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports.estimates import ENOUGH
from reports.latency import Latency
from sim.verdict import Outcome


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """An upper bound and what was found; `actual_s` is None without samples, the interval where none can be given."""

    name: str
    limit_s: float
    actual_s: float | None
    low_s: float | None
    high_s: float | None
    outcome: Outcome
    samples: int
    note: str = ""


def judge_thresholds(
    limits_s: Mapping[str, float], found: Mapping[str, Latency], generator_bound: str
) -> tuple[ThresholdResult, ...]:
    """A result for every limit. `generator_bound` says why the generator fell behind, or is empty."""
    return tuple(_judge(name, limit_s, found, generator_bound) for name, limit_s in limits_s.items())


def _judge(name: str, limit_s: float, found: Mapping[str, Latency], generator_bound: str) -> ThresholdResult:
    kind, _, statistic = name.partition("_")
    latency = found[kind]
    estimate = latency.statistics.get(statistic)
    if estimate is None:
        return ThresholdResult(name, limit_s, None, None, None, Outcome.UNKNOWN, 0, f"no {kind} was seen")
    outcome, note = Outcome.PASS, ""
    straddles = (
        estimate.low_s is not None and estimate.high_s is not None and estimate.low_s <= limit_s < estimate.high_s
    )
    if latency.samples < ENOUGH[statistic]:
        outcome, note = Outcome.UNKNOWN, f"{latency.samples} samples, {statistic} needs {ENOUGH[statistic]:,}"
    elif estimate.value_s > limit_s:
        outcome, note = Outcome.FAIL, generator_bound
    elif generator_bound:
        outcome, note = Outcome.UNKNOWN, generator_bound
    if straddles and outcome is not Outcome.UNKNOWN:
        note = "; ".join(filter(None, (note, "the interval straddles the limit: run longer to be sure")))
    return ThresholdResult(
        name, limit_s, estimate.value_s, estimate.low_s, estimate.high_s, outcome, latency.samples, note
    )
