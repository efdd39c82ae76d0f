"""Predicted (the model's history) against measured (the real stack's history) of the same trace.

Error is (predicted − measured) / measured. A difference of under 1 ms is noise of a shared machine, whatever its share.
When the real stack was saturated, its latencies depend on how long it ran, and no stationary prediction can match them:
the conclusion then says so instead of blaming the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from reports.load import Load, is_threaded
from reports.text import signed_percent
from reports.trend import Trend
from reports.world import World

_COMPARED = ("mean", "p50", "p95", "p99")
_NOISE_S = 0.001
# The lag is the load generator's own; the model has none.
_GENERATOR = "lag"
# A rule of thumb of capacity planning: utilisation within 10 %, mean latency within 30 %.
_GOOD_UTILISATION = 0.10
_GOOD_LATENCY = 0.30
_BUSY = 0.70

Unit = Literal["s", "/s", "cores"]


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity in both worlds; `statistic` is empty for rates and utilisation."""

    subject: str
    statistic: str
    unit: Unit
    predicted: float
    measured: float

    @property
    def difference(self) -> float:
        """Predicted less measured, in the row's unit."""
        return self.predicted - self.measured

    @property
    def error(self) -> float | None:
        """Relative error; None where nothing was measured."""
        return self.difference / self.measured if self.measured else None

    @property
    def is_noise(self) -> bool:
        """Too small a difference to speak of."""
        return self.unit == "s" and abs(self.difference) < _NOISE_S

    @property
    def shown_error(self) -> str:
        """`+12%`, or `≈` for what is lost in the noise."""
        if self.is_noise:
            return "≈"
        return "–" if self.error is None else signed_percent(self.error)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every row, whether the real stack was saturated, and what follows."""

    rows: tuple[Row, ...]
    backlog: Trend
    conclusion: str

    def row(self, subject: str, statistic: str = "") -> Row | None:
        """The row of that subject and statistic."""
        return next((row for row in self.rows if (row.subject, row.statistic) == (subject, statistic)), None)


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """What would give out first: a process that can use one core only, or all cores together."""

    name: str
    utilisation: float
    next_name: str = ""
    next_utilisation: float = 0.0


def compare(predicted: World, measured: World) -> Comparison:
    """Hold the model's world against the real one."""
    rows = (*_latency_rows(predicted, measured), *_hop_rows(predicted, measured), *_load_rows(predicted, measured))
    return Comparison(rows, measured.trend, _conclusion(rows, measured))


def bottleneck(load: Load) -> Bottleneck | None:
    """The most utilised single loop or the cores; None without samples."""
    shares = {name: share for name, share in load.utilisation.items() if not is_threaded(name)}
    if load.cores and load.utilisation:
        shares[f"all {load.cores} cores"] = load.total / load.cores
    ranked = sorted(shares.items(), key=lambda item: item[1], reverse=True)
    if not ranked:
        return None
    return Bottleneck(*ranked[0], *(ranked[1] if len(ranked) > 1 else ("", 0.0)))


def _latency_rows(predicted: World, measured: World) -> Iterable[Row]:
    for kind, ours in predicted.latency.items():
        theirs = measured.latency[kind]
        for statistic in _COMPARED:
            if statistic in ours.statistics and statistic in theirs.statistics:
                values = (world.statistics[statistic].value_s for world in (ours, theirs))
                yield Row(kind, statistic, "s", *values)


def _hop_rows(predicted: World, measured: World) -> Iterable[Row]:
    known = {hop.name: hop for hop in measured.hops}
    for ours in predicted.hops:
        theirs = known.get(ours.name)
        if theirs is None or ours.name == _GENERATOR:
            continue
        for statistic in _COMPARED:
            if statistic in ours.statistics and statistic in theirs.statistics:
                yield Row(ours.name, statistic, "s", ours.statistics[statistic], theirs.statistics[statistic])


def _load_rows(predicted: World, measured: World) -> Iterable[Row]:
    ours, theirs = predicted.load, measured.load
    yield Row("sends", "", "/s", ours.sends_per_s, theirs.sends_per_s)
    yield Row("deliveries", "", "/s", ours.deliveries_per_s, theirs.deliveries_per_s)
    shared = sorted(set(ours.utilisation) & set(theirs.utilisation))
    for name in shared:
        yield Row(name, "", "cores", ours.utilisation[name], theirs.utilisation[name])
    if shared:
        totals = (sum(load.utilisation[name] for name in shared) for load in (ours, theirs))
        yield Row("all processes", "", "cores", *totals)


def _conclusion(rows: Iterable[Row], measured: World) -> str:
    found = {(row.subject, row.statistic): row for row in rows}
    trend, load = measured.trend, measured.load
    if measured.generator.reason:
        return f"The measured load is not the load that was predicted: {measured.generator.reason}."
    if trend.state in ("growing", "peaked"):
        return (
            f"The real stack was {trend.sentence}. While a queue builds up, errors of latency do not convict the model."
        )
    errors = [_told(found[key], good) for key, good in _GATES.items() if key in found]
    wrong = [text for text, is_good in errors if not is_good]
    busy = load.cores is not None and load.total / load.cores > _BUSY
    hint = f" The cores were over {_BUSY:.0%} busy, where small errors of the model grow large." if busy else ""
    if not errors:
        return "Too little was seen in both worlds to compare."
    if wrong:
        return f"The real stack was {trend.sentence}, so the model is wrong about {', '.join(wrong)}.{hint}"
    return f"The model predicts this box: {', '.join(text for text, _ in errors)}. The real stack was {trend.sentence}."


_GATES = {("delivery", "mean"): _GOOD_LATENCY, ("all processes", ""): _GOOD_UTILISATION}


def _told(row: Row, good: float) -> tuple[str, bool]:
    name = "utilisation" if row.unit == "cores" else f"{row.subject} {row.statistic}"
    if row.error is None:
        return name, row.is_noise
    return f"{name} {signed_percent(row.error)}", row.is_noise or abs(row.error) <= good
