"""`bench real`: the highest message rate that this box sustains with p99 under 500 ms and no violation.

    rate   150 ✓ ─► 225 ✓ ─► 337 ✓ ─► 506 ✗ ─► 413 ✓ ─► 457 ✗      up by half, then halve the bracket to 10 %

Every step is a whole drive, judged by the same checks as a run, on the same three servers with a fresh backend.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from chatscale.following import Nobody, Watcher
from chatscale.run_folder import machine
from realstack.drive import drive
from realstack.servers import Servers, start_servers
from reports.world import World, judge_world
from sim.scenario import Scenario
from sim.scenario_file import load_scenario, with_settings
from sim.units import show_ratio
from sim.verdict import Outcome
from sim.workload import make_trace

_STEP = 1.5
_BRACKET = 1.10
_MOST_STEPS = 12
_LIMIT_S = 0.5
_SETTINGS = {
    "run.duration": 36,
    "run.warm_up": 12,
    "traffic.daily_peak": 1.0,
    "scale.connections": 8e-7,  # 1,600 users, 506 of them connected
    "thresholds.delivery_p99": _LIMIT_S,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One rate that was tried."""

    rate_per_s: float
    world: World

    @property
    def violated(self) -> dict[str, int]:
        """Anomalies that convict, lateness apart: what the design allows, as a frame received again, is none."""
        failed = (f.verdict for f in self.world.findings if f.verdict.outcome is Outcome.FAIL)
        return {verdict.check: verdict.count for verdict in failed if verdict.check != "slo_miss"}

    @property
    def violations(self) -> int:
        """All of them."""
        return sum(self.violated.values())

    @property
    def verdict(self) -> str:
        """Sustained, or why not."""
        if self.violations:
            return "violations: " + ", ".join(f"{check} {count}" for check, count in self.violated.items())
        if self.world.generator.reason:
            return "generator-bound"
        if any(found.verdict.outcome.counts_against for found in self.world.findings):
            return "not proven: " + ", ".join(
                f.verdict.check for f in self.world.findings if f.verdict.outcome.counts_against
            )
        return "sustained" if self.world.outcome is Outcome.PASS else "too slow"

    def to_dict(self) -> dict[str, Any]:
        """Figures of the step, latencies in milliseconds."""
        delivery = self.world.latency["delivery"].statistics
        lag_s = self.world.generator.lag_p99_s
        return {
            "tried_per_s": round(self.rate_per_s, 1),
            "sent_per_s": round(self.world.load.sends_per_s, 1),
            "delivery_p50_ms": _ms(delivery["p50"].value_s) if "p50" in delivery else None,
            "delivery_p99_ms": _ms(delivery["p99"].value_s) if "p99" in delivery else None,
            "schedule_lag_p99_ms": None if lag_s is None else _ms(lag_s),
            "violations": self.violations,
            "verdict": self.verdict,
        }


def bench_real(
    *, servers: str = "auto", start_per_s: float = 150.0, out: Path | None = None, watcher: Watcher | None = None
) -> dict[str, Any]:
    """Search the rate; `sent_per_s` is 0 when not even the first was sustained. Raises ServerError."""
    watch = watcher or Nobody()
    folder = out or Path(mkdtemp(prefix="chatscale-bench-"))
    base = with_settings(load_scenario("whatsapp"), _SETTINGS)
    steps: list[Step] = []
    try:
        watch.step("servers: Kafka, Cassandra and Redis")
        with start_servers(servers, folder, on_event=watch.note) as running:
            while (rate_per_s := next_rate(steps, start_per_s)) is not None:
                watch.step(f"try {rate_per_s:,.0f} messages/s")
                steps.append(
                    Step(rate_per_s, _try(running, base, rate_per_s, folder / f"step-{len(steps) + 1}", watch))
                )
                watch.note(steps[-1].verdict)
            return _summary(steps, running)
    finally:
        if out is None:
            shutil.rmtree(folder, ignore_errors=True)


def next_rate(steps: list[Step], start_per_s: float) -> float | None:
    """The rate to try next; None when the bracket is narrow enough."""
    good = max((step.rate_per_s for step in steps if step.verdict == "sustained"), default=None)
    bad = min((step.rate_per_s for step in steps if step.verdict != "sustained"), default=None)
    if len(steps) >= _MOST_STEPS:
        return None
    if bad is None:
        return start_per_s if good is None else good * _STEP
    if good is None:
        return bad / _STEP if bad > start_per_s / 4 else None
    return None if bad <= good * _BRACKET else (good + bad) / 2


def _try(running: Servers, base: Scenario, rate_per_s: float, folder: Path, watch: Watcher) -> World:
    scenario = with_settings(base, {"scale.messages": rate_per_s / base.traffic.messages_per_s})
    trace = make_trace(scenario)
    history = drive(running, scenario, trace, folder, lambda progress: watch.drive(progress, trace))
    return judge_world(history, trace, scenario.thresholds, int(machine()["cores"]))


def _summary(steps: list[Step], running: Servers) -> dict[str, Any]:
    sustained = [step for step in steps if step.verdict == "sustained"]
    best = max(sustained, key=lambda step: step.rate_per_s) if sustained else None
    shown = best or steps[-1]
    figures = shown.to_dict()
    sent_per_s = figures["sent_per_s"] if best else 0.0
    world_per_s = load_scenario("whatsapp").traffic.messages_per_s
    return {
        "sent_per_s": sent_per_s,
        "ratio": show_ratio(sent_per_s / world_per_s) if best else None,
        "sockets": shown.world.counts["sockets"],
        "delivery_p50_ms": figures["delivery_p50_ms"],
        "delivery_p99_ms": figures["delivery_p99_ms"],
        "violations": figures["violations"],
        "schedule_lag_p99_ms": figures["schedule_lag_p99_ms"],
        "servers_ready_s": round(running.ready_s["all"], 2),
        "cpu_share": _shares(shown.world.load.utilisation),
        "steps": [step.to_dict() for step in steps],
        "machine": machine(),
    }


def _shares(utilisation: Mapping[str, float]) -> dict[str, float]:
    return {name: round(share, 3) for name, share in sorted(utilisation.items())}


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 3)
