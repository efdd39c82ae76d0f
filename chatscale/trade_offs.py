"""`bench trade-offs`: design choices side by side on real servers, each with its CPU a message and its p99.

    dedup      client-id-key │ lwt                     the same trace of people, one choice apart from the base
    bucket     month │ none │ 10-days
    registry   device │ user
    fan_out    write │ read      at 10, 256 and 10,000 members, up to 128 of them there

One drive each, on the same three servers with a fresh backend. CPU is that of backend and servers, idle share included:
at one rate the difference between two choices is what the choice costs. What others used of the machine meanwhile is
told beside it: figures of a busy machine compare badly.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psutil

from chatscale.following import Nobody, Watcher
from chatscale.run_folder import machine
from realstack.drive import drive
from realstack.driver.replay import Progress
from realstack.servers import Servers, start_servers
from reports.checks import check_history
from reports.latency import Window
from reports.load import load
from sim.history import History
from sim.hops import deliveries
from sim.scenario import Scenario
from sim.scenario_file import load_scenario, with_settings
from sim.trace import Action, Trace
from sim.verdict import Outcome
from sim.workload import make_trace

_DURATION_S, _WARM_UP_S = 10.0, 3.0
_BASE = {
    "run.duration": _DURATION_S,
    "run.warm_up": _WARM_UP_S,
    "traffic.daily_peak": 1.0,
    "scale.messages": 6e-5,  # 69 messages/s
    "scale.connections": 2e-7,  # 400 users, 126 of them connected
}
_CHOICES = {
    "dedup": ("client-id-key", "lwt"),
    "bucket": ("month", "none", "10-days"),
    "registry": ("device", "user"),
}
_CHANNELS = {10: 8, 256: 1, 10_000: 1}  # members: channels
_THERE = 128
_SENDS_PER_S = {10: 40.0, 256: 5.0, 10_000: 5.0}


@dataclass(frozen=True, slots=True)
class Trial:
    """One drive: what is asked, what was chosen, at which size."""

    question: str
    choice: str
    scenario: Scenario
    members: int | None = None

    @property
    def trace(self) -> Trace:
        """People as the scenario has them, or channels of so many members."""
        return make_trace(self.scenario) if self.members is None else channels(self.members)

    @property
    def name(self) -> str:
        """Such as `fan_out=read, 256 members`."""
        size = "" if self.members is None else f", {self.members:,} members"
        return f"{self.question}={self.choice}{size}"


def trials() -> Iterator[Trial]:
    """Every drive, in the order of the questions; the base answers for the first choice of each."""
    base = with_settings(load_scenario("whatsapp"), _BASE)
    yield Trial("base", "hardened", base)
    for question, (_, *others) in _CHOICES.items():
        for choice in others:
            yield Trial(question, choice, with_settings(base, {f"design.{question}": choice}))
    for members in _CHANNELS:
        for fan_out in ("write", "read"):
            design = {"design.fan_out": fan_out, "design.group_limit": max(_CHANNELS)}
            yield Trial("fan_out", fan_out, with_settings(base, design), members)


def channels(members: int) -> Trace:
    """Channels of so many members, of whom some are there and write in turn, at an even rate."""
    count, rate_per_s = _CHANNELS[members], _SENDS_PER_S[members]
    there = min(members, _THERE)
    people = [(conv, conv * members + n, n) for conv in range(count) for n in range(members)]
    actions = [Action(0, "join", user, conv) for conv, user, _ in people]
    actions += [Action(round(1e9 * (0.1 + n / there)), "connect", user) for _, user, n in people if n < there]
    for number in range(round((_DURATION_S - 1.5) * rate_per_s)):
        conv, turn = number % count, number // count
        user, cseq = conv * members + turn % there, 1 + turn // there
        uuid = f"00000000-0000-4000-8000-{number:012d}"
        actions.append(Action(round(1e9 * (1.5 + number / rate_per_s)), "send", user, conv, uuid, cseq, 33))
    return Trace.of(actions, seed=7, duration_s=_DURATION_S)


def bench_trade_offs(
    *, servers: str = "auto", out: Path | None = None, watcher: Watcher | None = None
) -> dict[str, Any]:
    """Drive every trial; figures by question and choice. Raises ServerError."""
    watch = watcher or Nobody()
    folder = out or Path(mkdtemp(prefix="chatscale-trade-offs-"))
    try:
        watch.step("servers: Kafka, Cassandra and Redis")
        with start_servers(servers, folder, on_event=watch.note) as running:
            measured = [_try(running, trial, folder / f"trial-{n}", watch) for n, trial in enumerate(trials(), 1)]
        return {"trials": answered(measured), "machine": machine()}
    finally:
        if out is None:
            shutil.rmtree(folder, ignore_errors=True)


def answered(measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The trials with the base under each question that it answers, so that choices stand side by side."""
    base, *rest = measured
    firsts = {question: {**base, "question": question, "choice": first} for question, (first, *_) in _CHOICES.items()}
    found: list[dict[str, Any]] = []
    for one in rest:
        if (first := firsts.pop(one["question"], None)) is not None:
            found.append(first)
        found.append(one)
    return found


def _try(running: Servers, trial: Trial, folder: Path, watch: Watcher) -> dict[str, Any]:
    watch.step(trial.name)
    trace = trial.trace
    machine_times = []

    def follow(progress: Progress) -> None:
        machine_times.append(psutil.cpu_times())
        watch.drive(progress, trace)

    history = drive(running, trial.scenario, trace, folder, follow, final_read=False)
    found = {
        "question": trial.question,
        "choice": trial.choice,
        "members": trial.members,
        **figures(history),
        "others_cores": round(_others_cores(history, machine_times[0], machine_times[-1]), 2),
    }
    watch.note(f"{found['cpu_ms_per_message']} ms of CPU a message, p99 {found['delivery_p99_ms']} ms")
    return found


def figures(history: History) -> dict[str, Any]:
    """What a drive cost and how long its deliveries took after the warm-up."""
    under_load = load(history, Window(_WARM_UP_S, _DURATION_S), None)
    rows = deliveries(history)
    rows = rows[rows["intended_ns"] >= _WARM_UP_S * 1e9]
    took_ms = (rows["delivered_ns"] - rows["intended_ns"]).astype("float64") / 1e6
    cores = {name: share for name, share in under_load.utilisation.items() if name != "driver"}
    failed = [v.check for v in check_history(history) if v.outcome is Outcome.FAIL and v.check != "slo_miss"]
    return {
        "sent_per_s": round(under_load.sends_per_s, 1),
        "deliveries_per_s": round(under_load.deliveries_per_s, 1),
        "cpu_ms_per_message": round(1e3 * sum(cores.values()) / under_load.sends_per_s, 2),
        "cpu_cores": {name: round(share, 3) for name, share in sorted(cores.items())},
        "delivery_p50_ms": round(float(took_ms.quantile(0.5)), 1),
        "delivery_p99_ms": round(float(took_ms.quantile(0.99)), 1),
        "violations": failed,
    }


def _others_cores(history: History, before: Any, after: Any) -> float:
    """Cores that processes which are not of the run used while the driver ran, on average; before, all of it starts."""
    samples = history.of_kind("sample").query("state == 'cpu_s'").groupby("target", observed=True)["value"]
    ours_s = float((samples.max() - samples.min()).sum())
    elapsed_s = float(sum(after) - sum(before)) / (psutil.cpu_count() or 1)
    return max(0.0, (_busy_s(after) - _busy_s(before) - ours_s) / elapsed_s)


def _busy_s(times: Any) -> float:
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))
