"""slo_miss: a latency is over the threshold that the scenario set for it.

    delivery   intended ──► first shown on a recipient's device, by push
    ack        intended ──► send.ok
    receipt    shown ──► receipt.seen of delivered, while the sender's session was open all along

A threshold is named <latency>_<statistic>. Judged are messages that were intended after warm-up. A percentile is a fact
only if enough was sampled (`reports.estimates.ENOUGH`: 299 for p99, so that 95 % of such samples hold one above it);
with fewer the threshold is unknown. What never arrived has no latency: that is `lost`. No thresholds, no miss.
Worst first: the slowest samples of the thresholds that were missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.checks.base import Check, example
from reports.checks.codes import NEVER_NS
from reports.checks.columns import once
from reports.checks.facts import Facts, facts_of
from reports.checks.presence import life, nearest, times_ns
from reports.estimates import ENOUGH, QUANTILES, describe, rank
from sim.history import LIVE, History
from sim.verdict import Example, Outcome, Verdict, worst


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    bounds: dict[str, float] = facts.settings.get("thresholds", {})
    samples = {name: _LATENCIES[name](facts) for name in sorted({bound.split("_")[0] for bound in bounds})}
    measured = {bound: describe(samples[bound.split("_")[0]]["latency_s"].to_numpy()) for bound in bounds}
    values = {bound: round(found[bound.split("_")[1]], 6) for bound, found in measured.items() if found}
    values |= {f"{name}_samples": len(rows) for name, rows in samples.items()}
    lines, outcomes, examples = [], [Outcome.PASS], []
    for bound, limit_s in bounds.items():
        latency, statistic = bound.split("_")
        rows = samples[latency]
        outcome = _outcome(len(rows), ENOUGH[statistic], values.get(bound, 0.0), limit_s)
        outcomes.append(outcome)
        lines.append(_line(outcome, bound, values.get(bound), limit_s, len(rows)))
        if outcome is Outcome.FAIL:
            examples += _slowest(rows, limit_s, facts.most)
    missed = outcomes.count(Outcome.FAIL)
    checked = sum(len(rows) for rows in samples.values())
    summary = "; ".join(lines) or "the scenario sets no thresholds"
    return Verdict("slo_miss", worst(outcomes), missed, checked, summary, tuple(examples[: facts.most]), values)


@dataclass(frozen=True, slots=True)
class Tally:
    """What decides one threshold, and adds up over parts of a history."""

    limit_s: float
    samples: int
    over: int
    total_s: float
    max_s: float

    def __add__(self, other: Tally) -> Tally:
        total_s, max_s = self.total_s + other.total_s, max(self.max_s, other.max_s)
        return Tally(self.limit_s, self.samples + other.samples, self.over + other.over, total_s, max_s)

    def is_missed(self, statistic: str) -> bool:
        """Whether this statistic of the samples is over the limit."""
        if statistic == "mean":
            return self.total_s > self.limit_s * self.samples
        if statistic == "max":
            return self.max_s > self.limit_s
        return self.over >= self.samples - rank(QUANTILES[statistic], self.samples)


def tally(history: History) -> dict[str, Tally]:
    """By threshold."""
    facts = facts_of(history)
    found = {}
    for bound, limit_s in facts.settings.get("thresholds", {}).items():
        latency_s = _LATENCIES[bound.split("_")[0]](facts)["latency_s"].to_numpy()
        over, total_s = int((latency_s > limit_s).sum()), float(latency_s.sum())
        found[bound] = Tally(limit_s, len(latency_s), over, total_s, float(latency_s.max(initial=0)))
    return found


def judge_tallies(tallies: dict[str, Tally], examples: Iterable[Example]) -> Verdict:
    """The verdict over all parts of a history, exact, without the percentiles' values."""
    outcomes, lines = [Outcome.PASS], []
    for bound, of in tallies.items():
        statistic = bound.split("_")[1]
        outcome = Outcome.FAIL if of.is_missed(statistic) else Outcome.PASS
        outcome = outcome if of.samples >= ENOUGH[statistic] else Outcome.UNKNOWN
        outcomes.append(outcome)
        lines.append(f"{bound} {outcome}: {of.over:,} of {of.samples:,} over {of.limit_s:g} s")
    checked, missed = sum(of.samples for of in tallies.values()), outcomes.count(Outcome.FAIL)
    summary = "; ".join(lines) or "the scenario sets no thresholds"
    return Verdict("slo_miss", worst(outcomes), missed, checked, summary, tuple(examples) if missed else ())


def _outcome(samples: int, enough: int, value_s: float, limit_s: float) -> Outcome:
    if samples < enough:
        return Outcome.UNKNOWN
    return Outcome.FAIL if value_s > limit_s else Outcome.PASS


def _line(outcome: Outcome, bound: str, value_s: float | None, limit_s: float, samples: int) -> str:
    if outcome is Outcome.UNKNOWN:
        return f"{bound} unknown: {samples:,} samples, it takes {ENOUGH[bound.split('_')[1]]:,}"
    relation = "over" if outcome is Outcome.FAIL else "within"
    return f"{bound} {value_s:.3g} s {relation} {limit_s:g} s"


def _slowest(rows: pd.DataFrame, limit_s: float, most: int) -> list[Example]:
    slow = rows[rows["latency_s"] > limit_s].sort_values("latency_s", ascending=False, kind="stable").head(most)
    return [
        example((begin, end), f"took {latency:.3g} s, limit {limit_s:g} s")
        for begin, end, latency in zip(slow["begin"], slow["end"], slow["latency_s"], strict=True)
    ]


@once
def _meant_ns(facts: Facts) -> np.ndarray:
    """By message: when it was intended, else sent; NEVER_NS if that lies in warm-up or it was not sent."""
    sent, intended = facts.messages["sent"].to_numpy(), facts.messages["intended_ns"].to_numpy()
    meant = np.where(intended >= 0, intended, facts.frame["t_ns"].to_numpy()[sent])
    warm_up_ns = float(facts.settings.get("warm_up_s", 0.0)) * 1e9
    return np.where((sent >= 0) & (meant >= warm_up_ns), meant, NEVER_NS)


def _samples(begin: np.ndarray, end: np.ndarray, start_ns: np.ndarray, end_ns: np.ndarray) -> pd.DataFrame:
    """Columns begin, end (event numbers), latency_s; without those that have no start."""
    rows = pd.DataFrame({"begin": begin, "end": end, "latency_s": (end_ns - start_ns) / 1e9})
    return rows[start_ns < NEVER_NS]


def _delivery(facts: Facts) -> pd.DataFrame:
    live = facts.shown[facts.shown["via"].isin([facts.code("via", via) for via in LIVE])]
    uuid = live["uuid"].to_numpy()
    sent = facts.messages["sent"].to_numpy()[uuid]
    return _samples(sent, live.index.to_numpy(), _meant_ns(facts)[uuid], live["t_ns"].to_numpy())


def _ack(facts: Facts) -> pd.DataFrame:
    acked = facts.messages["ok"].to_numpy() >= 0
    sent, ok = facts.messages["sent"].to_numpy()[acked], facts.messages["ok"].to_numpy()[acked]
    return _samples(sent, ok, _meant_ns(facts)[acked], facts.frame["t_ns"].to_numpy()[ok])


def _receipt(facts: Facts) -> pd.DataFrame:
    seen = facts.table("receipt.seen", "uuid", "reader", "device", "state", "t_ns")
    seen = seen[seen["state"] == facts.code("state", "delivered")].drop_duplicates(["uuid", "reader"])
    shown = facts.shown[["uuid", "user", "t_ns"]].rename_axis("begin").reset_index()
    shown = shown.drop_duplicates(["uuid", "user"]).rename(columns={"user": "reader", "t_ns": "shown_ns"})
    rows = seen.rename_axis("end").reset_index().merge(shown, on=["uuid", "reader"])
    opens = life(facts, "conn.open")
    senders = facts.device_users[rows["device"]]
    opened_ns = times_ns(opens, nearest(senders, rows["t_ns"].to_numpy(), opens), default=0)
    rows = rows[(opened_ns <= rows["shown_ns"]) & (_meant_ns(facts)[rows["uuid"]] < NEVER_NS)]
    times = (rows[name].to_numpy() for name in ("begin", "end", "shown_ns", "t_ns"))
    return _samples(*times)


_LATENCIES: dict[str, Callable[[Facts], pd.DataFrame]] = {"delivery": _delivery, "ack": _ack, "receipt": _receipt}

CHECK = Check("slo_miss", "liveness", "A latency was over the threshold that the scenario sets for it.", run)
