"""What a full-size run found: counts, latencies hop by hop with their intervals, loads, and what gives out first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from sim.fast.histogram import Histogram
from sim.fast.latency import REDIS, STATISTICS, Latencies
from sim.fast.layout import Layout
from sim.fast.load import StageLoad, Surge
from sim.fast.path import HOPS
from sim.fast.production import PARAMETERS
from sim.fast.registry import RegistryRun
from sim.fast.storm import Wave, wave_parameters
from sim.plan.line import parameter_to_dict
from sim.units import show_duration
from sim.verdict import Outcome

_SERVED = ("gateway", "queue", "push", "receipt_gateway", "receipt_queue", "receipt_push")


@dataclass(frozen=True, slots=True, eq=False)
class FullRun:
    """`slices` holds the histograms of each independent slice by hop; `stages` the load of each stage by name.

    A run that was played has a `surge`, what it asks for when it is busiest; dropped sockets come back in `waves`.
    """

    scenario: str
    load: str
    simulated_s: float
    layout: Layout
    slices: tuple[Mapping[str, Histogram], ...]
    stages: Mapping[str, StageLoad]
    registry: RegistryRun
    surge: Surge | None = None
    waves: tuple[Wave, ...] = ()

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
        loads = self.surge.offered if self.surge else {name: one.offered_hottest for name, one in self.stages.items()}
        return max(({**loads, REDIS: float(self.registry.loads.max())}).items(), key=lambda item: item[1])[0]

    @property
    def latencies(self) -> Latencies:
        """The times of all hops; slices are its parts."""
        redis = (REDIS,) if float(self.registry.loads.max()) >= 1 else ()
        return Latencies(self.slices, (*self.overloaded, *redis))

    def judged(self, thresholds: Mapping[str, float]) -> dict[str, Outcome]:
        """Each threshold; nothing passes where a wave overloads Redis, as what messages wait then is not known."""
        found = self.latencies.judged(thresholds)
        if all(wave.offered_redis < 1 for wave in self.waves):
            return found
        return {name: Outcome.UNKNOWN if outcome is Outcome.PASS else outcome for name, outcome in found.items()}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; times in seconds."""
        return {
            "scenario": self.scenario,
            "load": self.load,
            "simulated_s": self.simulated_s,
            "slices": len(self.slices),
            "counts": self.counts,
            "hops": self.latencies.to_dict(),
            "stages": {name: _plain(load) for name, load in self.stages.items()},
            "surge": None if self.surge is None else asdict(self.surge),
            "waves": [wave.to_dict() for wave in self.waves],
            "bottleneck": self.bottleneck,
            "redis": _redis(self.registry),
            "parameters": [parameter_to_dict(figure) for figure in (*PARAMETERS, *wave_parameters())],
        }

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("hop", *STATISTICS))
        rows = "".join(f"<tr><td>{escape(hop)}</td>{self._cells(hop)}</tr>" for hop in HOPS)
        return f"<table><caption>{escape(self.scenario)} at full size</caption><tr>{head}</tr>{rows}</table>"

    def _cells(self, hop: str) -> str:
        found = (self.latencies.statistic(hop, name) for name in STATISTICS)
        return "".join(f"<td>{'backlog grows' if one is None else show_duration(one.mean)}</td>" for one in found)


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
