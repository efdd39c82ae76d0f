"""What the sampled windows say of a day: its counts, its latencies with the error of sampling, its hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from html import escape
from operator import add
from typing import Any, NamedTuple

from sim.fast.day import Window
from sim.fast.flow import STAGES
from sim.fast.histogram import Histogram
from sim.fast.latency import REDIS, STATISTICS, Latencies
from sim.fast.load import StageLoad
from sim.fast.path import HOPS
from sim.statistics import Interval, mean_interval
from sim.units import DAY_S, show_duration

_COUNTED = {"messages": "gateway", "deliveries": "push", "receipts": "receipt_push"}


class Hour(NamedTuple):
    """A stratum: where it begins, its messages a second, its times, and the stage whose hottest shard is busiest."""

    start_s: float
    messages_per_s: float
    latencies: Latencies
    busiest: str
    offered: float


@dataclass(frozen=True, eq=False)
class FullDay:
    """`answers` are what `sim.fast.day.observe` says of the windows, in their order."""

    scenario: str
    windows: Sequence[Window]
    answers: Sequence[Mapping[str, Any]]
    day_s: float = DAY_S

    @property
    def sampled_s(self) -> float:
        """Time that was simulated, without warm-ups."""
        return sum(window.seconds for window in self.windows)

    @cached_property
    def latencies(self) -> Latencies:
        """The times of all hops; replications are its parts."""
        return Latencies(tuple(self._summed(replication=number) for number in self._replications), self.overloaded)

    @property
    def counts(self) -> dict[str, Interval]:
        """Messages, deliveries and receipts of the day, each with the error of sampling."""
        parts, grows = self.latencies.parts, len(self._replications) * self.day_s / self.sampled_s
        return {name: mean_interval([one[hop].count * grows for one in parts]) for name, hop in _COUNTED.items()}

    @cached_property
    def overloaded(self) -> dict[str, float]:
        """Stages that are overloaded at some hour, and by how much a backlog grows there at the worst, records/s.

        What is left of an hour stands before the next: no window alone can tell of it.
        """
        growth = {
            name: max(load.growth_per_s for load in (self._load(answer, name) for answer in self.answers))
            for name in STAGES
        }
        redis = {REDIS: 0.0} if any(answer["redis"]["hottest"] >= 1 for answer in self.answers) else {}
        return {name: rate for name, rate in growth.items() if rate > 0} | redis

    @cached_property
    def hours(self) -> list[Hour]:
        """The day stratum by stratum."""
        return [self._hour(number) for number in range(self._strata)]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; times in seconds."""
        return {
            "scenario": self.scenario,
            "load": "day",
            "day_s": self.day_s,
            "sampled_s": self.sampled_s,
            "strata": self._strata,
            "replications": len(self._replications),
            "counts": {name: {"mean": one.mean, "half_width": one.half_width} for name, one in self.counts.items()},
            "simulated_messages": sum(one["gateway"].count for one in self.latencies.parts),
            "hops": self.latencies.to_dict(),
            "overloaded": {name: {"growth_per_s": rate} for name, rate in self.overloaded.items()},
            "hours": [_hour_to_dict(hour) for hour in self.hours],
        }

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{hop}</td>{self._cells(hop)}</tr>" for hop in HOPS)
        head = "".join(f"<th>{name}</th>" for name in ("hop", *STATISTICS))
        return f"<table><caption>A day of {escape(self.scenario)}</caption><tr>{head}</tr>{rows}</table>"

    def _cells(self, hop: str) -> str:
        found = (self.latencies.statistic(hop, name) for name in STATISTICS)
        return "".join(f"<td>{'backlog grows' if one is None else show_duration(one.mean)}</td>" for one in found)

    @property
    def _replications(self) -> range:
        return range(1 + max(window.replication for window in self.windows))

    @property
    def _strata(self) -> int:
        return 1 + max(window.number for window in self.windows)

    def _summed(self, **where: int) -> dict[str, Histogram]:
        """The times of every hop over the windows of one replication, or of one stratum."""
        chosen = [
            answer["hops"]
            for window, answer in zip(self.windows, self.answers, strict=True)
            if all(getattr(window, name) == number for name, number in where.items())
        ]
        return {hop: reduce(add, (Histogram.from_dict(one[hop]) for one in chosen)) for hop in HOPS}

    def _hour(self, number: int) -> Hour:
        mine = [at for at, window in enumerate(self.windows) if window.number == number]
        hottest = {REDIS: max(self.answers[at]["redis"]["hottest"] for at in mine)}
        hottest |= {name: max(self._load(self.answers[at], name).offered_hottest for at in mine) for name in STAGES}
        busiest = max(hottest, key=lambda name: hottest[name])
        over = [name for name, load in hottest.items() if load >= 1]
        parts = tuple(self._summed(number=number, replication=replication) for replication in self._replications)
        rate = sum(self.windows[at].layout.messages_per_s for at in mine) / len(mine)
        return Hour(self.day_s / self._strata * number, rate, Latencies(parts, over), busiest, hottest[busiest])

    @staticmethod
    def _load(answer: Mapping[str, Any], name: str) -> StageLoad:
        return StageLoad(**answer["stages"][name])


def _hour_to_dict(hour: Hour) -> dict[str, Any]:
    p99 = hour.latencies.statistic("delivery", "p99")
    return {
        "start_s": hour.start_s,
        "messages_per_s": hour.messages_per_s,
        "delivery_p99_s": p99.mean if p99 else None,
        "delivery_p99_half_width_s": p99.half_width if p99 else None,
        "busiest": hour.busiest,
        "offered": hour.offered,
    }
