"""One world, judged from its history alone: what it carried, how fast, and whether it kept its promises.

The model's world and the real one are the same type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from reports.checks import CHECKS, check_history
from reports.counterexamples import Counterexample, evidence
from reports.latency import (
    HopLatency,
    Latency,
    Window,
    hop_budgets,
    hop_latencies,
    judged_hops,
    judged_window,
    latencies,
    latency_samples,
    media_latencies,
)
from reports.load import Generator, Load, counts, generator, load
from reports.thresholds import ThresholdResult, judge_thresholds
from reports.trend import Trend, backlog_trend
from reports.witnesses import WITNESSES, witness_verdicts
from sim.history import History
from sim.trace import Trace
from sim.verdict import Outcome, Verdict, worst

_EXPLAINED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's verdict, what the check means, and the convicting events of its worst examples, one text a line.

    `counterexample` is the worst example of a failure, where it can be told by few events.
    """

    verdict: Verdict
    definition: str
    evidence: tuple[tuple[str, ...], ...]
    counterexample: Counterexample | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class World:
    """One history, judged. `samples` are those of `reports.latency.latency_samples`, for the charts."""

    window: Window
    counts: Mapping[str, int]
    latency: Mapping[str, Latency]
    hops: tuple[HopLatency, ...]
    budgets: Mapping[str, Mapping[str, float]]
    load: Load
    generator: Generator
    trend: Trend
    thresholds: tuple[ThresholdResult, ...]
    findings: tuple[Finding, ...]
    samples: Mapping[str, pd.DataFrame] = field(repr=False, compare=False)

    @property
    def outcome(self) -> Outcome:
        """The worst of thresholds and verdicts."""
        return worst(
            [*(result.outcome for result in self.thresholds), *(found.verdict.outcome for found in self.findings)]
        )


def judge_world(history: History, trace: Trace | None, limits_s: Mapping[str, float], cores: int | None) -> World:
    """Judge one history. `trace`, where there is one, says how many sends were planned; `limits_s` are thresholds."""
    window = judged_window(history)
    samples = latency_samples(history)
    found = latencies(samples, window)
    carried = load(history, window, cores)
    kept = generator(history, window, _planned(trace, window))
    times = judged_hops(history, window)
    return World(
        window=window,
        counts=counts(history, window),
        latency=found,
        hops=(*hop_latencies(times), *media_latencies(history, window)),
        budgets=hop_budgets(times),
        load=carried,
        generator=kept,
        trend=backlog_trend(history, samples["delivery"], window, carried.sends_per_s),
        thresholds=judge_thresholds(limits_s, found, kept.reason),
        findings=tuple(_finding(history, v) for v in (*check_history(history), *witness_verdicts(history))),
        samples=samples,
    )


def _planned(trace: Trace | None, window: Window) -> int | None:
    if trace is None:
        return None
    sends = trace.frame[trace.frame["action"] == "send"]
    return int(window.holds(sends["t_ns"]).sum())


def _finding(history: History, verdict: Verdict) -> Finding:
    check = CHECKS.get(verdict.check)
    definition = check.definition if check else WITNESSES[verdict.check]
    shrunk, told = evidence(history, verdict, _EXPLAINED)
    return Finding(verdict, definition, told, shrunk)
