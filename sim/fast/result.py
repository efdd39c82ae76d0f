"""What a full-size run found: counts, latencies hop by hop with their intervals, loads, and what gives out first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from html import escape
from operator import add
from typing import Any

from sim.fast.histogram import Histogram
from sim.fast.layout import Layout
from sim.fast.load import StageLoad
from sim.fast.path import HOPS
from sim.fast.production import PARAMETERS
from sim.fast.registry import RegistryRun
from sim.plan.line import parameter_to_dict
from sim.statistics import Interval, mean_interval
from sim.units import show_duration
from sim.verdict import Outcome

STATISTICS = {"mean": None, "p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
# The last stage that a hop depends on; before the first, nothing can be overloaded.
_BEHIND = {
    **dict.fromkeys(("gateway", "log", "ack"), "gateway"),
    **dict.fromkeys(("fetch", "queue", "store", "route", "rpc"), "worker"),
    **dict.fromkeys(("push", "downlink", "delivery"), "push"),
    "receipt_gateway": "receipt_gateway",
    **dict.fromkeys(("receipt_fetch", "receipt_queue"), "receipt_worker"),
    **dict.fromkeys(("receipt_push", "receipt"), "receipt_push"),
}
_SERVED = ("gateway", "queue", "push", "receipt_gateway", "receipt_queue", "receipt_push")


@dataclass(frozen=True, slots=True, eq=False)
class FullRun:
    """`slices` holds the histograms of each independent slice by hop; `stages` the load of each stage by name."""

    scenario: str
    load: str
    simulated_s: float
    layout: Layout
    slices: tuple[Mapping[str, Histogram], ...]
    stages: Mapping[str, StageLoad]
    registry: RegistryRun

    @property
    def counts(self) -> dict[str, int]:
        """Messages, deliveries, receipts seen by their senders, heartbeats, and services at all stages."""
        served = {hop: sum(one[hop].count for one in self.slices) for hop in _SERVED}
        return {
            "messages": served["gateway"],
            "deliveries": served["push"],
            "receipts": served["receipt_push"],
            "heartbeats": self.registry.heartbeats,
            "stage_events": sum(served.values()) + self.registry.simulated,
        }

    @property
    def overloaded(self) -> dict[str, StageLoad]:
        """The stages with a shard that is offered more than it can do."""
        return {name: load for name, load in self.stages.items() if load.overloaded}

    @property
    def bottleneck(self) -> str:
        """The stage whose hottest shard is busiest; `redis` may be it."""
        loads = {name: load.offered_hottest for name, load in self.stages.items()}
        return max((loads | {"redis": float(self.registry.loads.max())}).items(), key=lambda item: item[1])[0]

    def steady(self, hop: str) -> bool:
        """Whether the hop has a steady state: no stage up to it is overloaded."""
        if hop not in _BEHIND:
            return True
        names = tuple(self.stages)
        before = names[: names.index(_BEHIND[hop]) + 1]
        redis = "worker" in before and float(self.registry.loads.max()) >= 1
        return not redis and not any(self.stages[name].overloaded for name in before)

    def times(self, hop: str) -> Histogram:
        """All times of a hop."""
        return reduce(add, (one[hop] for one in self.slices))

    def statistic(self, hop: str, name: str) -> Interval | None:
        """A statistic in seconds over all slices with its interval; None where there is no steady state or no value."""
        if not self.steady(hop) or not all(one[hop].count for one in self.slices):
            return None
        spread = mean_interval([_value(one[hop], name) for one in self.slices])
        return Interval(_value(self.times(hop), name), spread.half_width)

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
        """JSON-ready; times in seconds."""
        return {
            "scenario": self.scenario,
            "load": self.load,
            "simulated_s": self.simulated_s,
            "slices": len(self.slices),
            "counts": self.counts,
            "hops": {hop: self._described(hop) for hop in HOPS},
            "stages": {name: _plain(load) for name, load in self.stages.items()},
            "bottleneck": self.bottleneck,
            "redis": _redis(self.registry),
            "parameters": [parameter_to_dict(figure) for figure in PARAMETERS],
        }

    def _described(self, hop: str) -> dict[str, Any] | None:
        found = {name: self.statistic(hop, name) for name in STATISTICS}
        if any(interval is None for interval in found.values()):
            return None
        return {name: {"s": one.mean, "half_width_s": one.half_width} for name, one in found.items() if one is not None}

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("hop", *STATISTICS))
        rows = "".join(f"<tr><td>{escape(hop)}</td>{self._cells(hop)}</tr>" for hop in HOPS)
        return f"<table><caption>{escape(self.scenario)} at full size</caption><tr>{head}</tr>{rows}</table>"

    def _cells(self, hop: str) -> str:
        found = (self.statistic(hop, name) for name in STATISTICS)
        return "".join(f"<td>{'backlog grows' if one is None else show_duration(one.mean)}</td>" for one in found)


def _value(times: Histogram, name: str) -> float:
    probability = STATISTICS[name]
    return times.mean_s if probability is None else times.quantile_s(probability)


def _plain(load: StageLoad) -> dict[str, Any]:
    return {name: getattr(load, name) for name in StageLoad.__slots__}


def _redis(registry: RegistryRun) -> dict[str, Any]:
    return {
        "shards": registry.shards,
        "kept": len(registry.kept.shards),
        "p99_error_of_the_choice": registry.error,
        "error_measured_over_s": registry.compared_s,
        "requests": registry.simulated,
        "heartbeats": registry.heartbeats,
        "mean": float(registry.loads.mean()),
        "hottest": float(registry.busy_s.max() / registry.window_s),
        "hottest_shard": int(registry.kept.shards[0]),
        "p50_s": registry.times.quantile_s(0.5),
        "p99_s": registry.times.quantile_s(0.99),
        "overloaded": int((registry.loads >= 1).sum()),
    }
