"""What a run carried, and what its processes had to do for it, from the history alone.

Utilisation is CPU seconds a second: 1.0 is one core, and all that a process with a single event loop can use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.estimates import describe
from reports.latency import Window
from reports.sessions import Sessions
from sim.history import LIVE, History

# Their work is spread over threads, so the cores bound them and not one loop.
_THREADED = ("kafka", "cassandra")
LEAST_ACHIEVED = 0.95
MOST_LAG_S = 0.010


def is_threaded(process: str) -> bool:
    """Whether a process such as cassandra, or kafka-2, may use more than one core."""
    return process.partition("-")[0] in _THREADED


@dataclass(frozen=True, slots=True)
class Generator:
    """Did the load generator keep its schedule? Shares and lag of judged sends; None where nothing was sent."""

    intended: int
    achieved_share: float | None
    lag_p99_s: float | None

    @property
    def reason(self) -> str:
        """Why the run is generator-bound; empty when it is not."""
        if self.achieved_share is not None and self.achieved_share < LEAST_ACHIEVED:
            return f"generator-bound: {self.achieved_share:.1%} of the intended sends were made in time, 95% are needed"
        if self.lag_p99_s is not None and self.lag_p99_s > MOST_LAG_S:
            return f"generator-bound: schedule lag p99 is {self.lag_p99_s * 1e3:.1f} ms, at most 10 ms is allowed"
        return ""


@dataclass(frozen=True, slots=True)
class Load:
    """Rates (per second) and utilisation (cores) in the judged window. `cores` is None where nobody said."""

    sends_per_s: float
    deliveries_per_s: float
    utilisation: Mapping[str, float]
    cores: int | None

    @property
    def total(self) -> float:
        """Cores busy with all processes together."""
        return sum(self.utilisation.values())


def counts(history: History, window: Window) -> dict[str, int]:
    """How many events of each kind that people ask for; `sockets` is the most open at once under load."""
    kinds = history.frame["kind"].value_counts()
    via = history.of_kind("deliver")["via"].value_counts()
    return {
        "sends": int(kinds["send.invoke"]),
        "ok": int(kinds["send.ok"]),
        "info": int(kinds["send.info"]),
        "fail": int(kinds["send.fail"]),
        "deliveries": sum(int(via.get(live, 0)) for live in LIVE),
        "resumed": int(via.get("resume", 0)),
        "pushes": int(kinds["push"]),
        "receipts": int(kinds["receipt.seen"]),
        "heartbeats": int(kinds["heartbeat.stored"]),
        "presence_reads": int(kinds["presence.read"]),
        "media_uploads": int(kinds["media.put"]),
        "media_fetched": int(kinds["media.get"]),
        "media_stored": int(gauges(history, "stored")["value"].sum()),
        "sockets": int(Sessions.of(history).over_time(window.end_s)["open"].max()),
    }


def generator(history: History, window: Window, planned: int | None = None) -> Generator:
    """How well the sends followed their schedule. `planned` counts the trace's judged sends, where there is a trace."""
    sends = history.of_kind("send.invoke").drop_duplicates("uuid")
    sends = sends[window.holds(sends["intended_ns"].fillna(sends["t_ns"]))]
    intended = max(len(sends), planned or 0)
    if intended == 0:
        return Generator(0, None, None)
    made = int((sends["t_ns"] <= window.end_s * 1e9).sum())
    lag_s = ((sends["t_ns"] - sends["intended_ns"]) / 1e9).dropna().to_numpy(dtype=float)
    return Generator(intended, made / intended, describe(lag_s).get("p99"))


def load(history: History, window: Window, cores: int | None) -> Load:
    """Rates and utilisation in the window."""
    shown = history.of_kind("deliver")
    shown = shown[shown["via"].isin(LIVE) & window.holds(shown["t_ns"])]
    sends = history.of_kind("send.invoke")
    seconds = max(window.length_s, 1e-9)
    return Load(
        sends_per_s=int(window.holds(sends["t_ns"]).sum()) / seconds,
        deliveries_per_s=len(shown) / seconds,
        utilisation=_utilisation(history, window),
        cores=cores,
    )


def _utilisation(history: History, window: Window) -> dict[str, float]:
    rows = gauges(history, "cpu_s")
    rows = rows[(rows["t_s"] >= window.start_s) & (rows["t_s"] <= window.end_s)]
    found = {}
    for target, group in rows.groupby("target"):
        spent_s, passed_s = (group[column].iloc[-1] - group[column].iloc[0] for column in ("value", "t_s"))
        if passed_s > 0:
            found[str(target)] = float(spent_s / passed_s)
    return found


def utilisation_over_time(history: History) -> pd.DataFrame:
    """Cores used between samples: columns `target`, `t_s` (middle of the interval), `cores`."""
    parts = []
    for target, group in gauges(history, "cpu_s").groupby("target"):
        t_s, used_s = group["t_s"].to_numpy(), group["value"].to_numpy()
        steps = np.diff(t_s) > 0
        rate = np.diff(used_s)[steps] / np.diff(t_s)[steps]
        parts.append(pd.DataFrame({"target": str(target), "t_s": ((t_s[1:] + t_s[:-1]) / 2)[steps], "cores": rate}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["target", "t_s", "cores"])


def gauges(history: History, state: str) -> pd.DataFrame:
    """Samples of one gauge: columns `t_s`, `target`, `value`."""
    rows = history.of_kind("sample")
    rows = rows[rows["state"] == state]
    return pd.DataFrame({"t_s": rows["t_ns"] / 1e9, "target": rows["target"].astype(str), "value": rows["value"]})
