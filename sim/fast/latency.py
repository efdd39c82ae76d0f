"""Latencies hop by hop over independent parts of a run: what all parts say together, and how far they differ.

    part 1 ▁▃▇▅▂▁   part 2 ▁▄▇▄▂▁   …  ──added up──►  mean, p50 … p999   ± Student's interval over the parts

What passes an overloaded stage has no steady state: there is no latency to tell of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from sim.fast.flow import STAGES
from sim.fast.histogram import Histogram
from sim.fast.path import HOPS
from sim.statistics import Interval, mean_interval
from sim.verdict import Outcome

STATISTICS = {"mean": None, "p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
REDIS = "redis"
# The last stage that a hop depends on; before the first, nothing can be overloaded.
_BEHIND = {
    **dict.fromkeys(("gateway", "log", "ack"), "gateway"),
    **dict.fromkeys(("fetch", "queue", "store", "route", "rpc"), "worker"),
    **dict.fromkeys(("push", "downlink", "delivery"), "push"),
    "receipt_gateway": "receipt_gateway",
    **dict.fromkeys(("receipt_fetch", "receipt_queue"), "receipt_worker"),
    **dict.fromkeys(("receipt_push", "receipt"), "receipt_push"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Latencies:
    """`parts` hold a histogram a hop each; `overloaded` are names of stages, of `redis` too."""

    parts: tuple[Mapping[str, Histogram], ...]
    overloaded: Collection[str]

    def steady(self, hop: str) -> bool:
        """Whether the hop has a steady state: no stage up to it is overloaded."""
        if hop not in _BEHIND:
            return True
        before = STAGES[: STAGES.index(_BEHIND[hop]) + 1]
        looked_up = (REDIS,) if "worker" in before else ()
        return not any(name in self.overloaded for name in (*before, *looked_up))

    def times(self, hop: str) -> Histogram:
        """All times of a hop."""
        return reduce(add, (one[hop] for one in self.parts))

    def statistic(self, hop: str, name: str) -> Interval | None:
        """A statistic in seconds over all parts with its interval; None where there is no steady state or no value."""
        if not self.steady(hop) or not all(one[hop].count for one in self.parts):
            return None
        spread = mean_interval([value(one[hop], name) for one in self.parts])
        return Interval(value(self.times(hop), name), spread.half_width)

    def judged(self, thresholds: Mapping[str, float]) -> dict[str, Outcome]:
        """Each threshold, such as `delivery_p99` in seconds: unknown where the interval holds it or nothing is known.

        One that a growing backlog must break fails.
        """
        return {threshold: self._judged(threshold, bound_s) for threshold, bound_s in thresholds.items()}

    def _judged(self, threshold: str, bound_s: float) -> Outcome:
        hop, _, name = threshold.partition("_")
        if not self.steady(hop):
            return Outcome.FAIL
        found = self.statistic(hop, name) if name in STATISTICS else None
        if found is None or found.holds(bound_s):
            return Outcome.UNKNOWN
        return Outcome.PASS if found.mean < bound_s else Outcome.FAIL

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, in seconds; null for a hop without a steady state."""
        return {hop: self._described(hop) for hop in HOPS}

    def _described(self, hop: str) -> dict[str, Any] | None:
        found = {name: self.statistic(hop, name) for name in STATISTICS}
        if any(interval is None for interval in found.values()):
            return None
        return {name: {"s": one.mean, "half_width_s": one.half_width} for name, one in found.items() if one is not None}


def value(times: Histogram, name: str) -> float:
    """A statistic of a histogram that is not empty, in seconds."""
    probability = STATISTICS[name]
    return times.mean_s if probability is None else times.quantile_s(probability)
