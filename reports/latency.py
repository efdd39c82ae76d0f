"""Latencies of one history, whichever world made it.

    delivery  a message was meant to be sent  →  a recipient's device showed it (push; a resume waits for the person)
    ack       a message was meant to be sent  →  the server acknowledged it
    receipt   a recipient's device showed it   →  the sender's device, there all along, learned that it was delivered

Time runs from the *intended* moment: a late load generator cannot hide the wait it caused. What was meant during
warm-up is not judged. A negative latency is a broken clock: it is counted and kept, for dropping it would hide it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.estimates import Estimate, Floats, describe, estimate, time_blocks
from reports.sessions import Sessions
from sim.history import History
from sim.hops import HOPS, MEDIA_LEGS, deliveries, hop_times_s

_BUDGET_WIDTH = {"p50": (0.45, 0.55), "p99": (0.985, 0.995)}


@dataclass(frozen=True, slots=True)
class Latency:
    """One kind of latency: its statistics (see `reports.estimates`), how many samples, how many of them negative."""

    samples: int
    negative: int
    statistics: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class HopLatency:
    """One hop: seconds by statistic."""

    name: str
    meaning: str
    samples: int
    negative: int
    statistics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a run that is judged, in seconds on the history's clock."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds that are judged."""
        return self.end_s - self.start_s

    def holds(self, t_ns: pd.Series) -> pd.Series:
        """Which times (ns) lie within, both ends included."""
        return (t_ns >= round(self.start_s * 1e9)) & (t_ns <= round(self.end_s * 1e9))


def judged_window(history: History) -> Window:
    """From the end of warm-up to the end of load; a history that does not say is judged as a whole."""
    config = history.config
    last_s = float(history.frame["t_ns"].max()) / 1e9
    return Window(float(config.get("warm_up_s", 0.0)), float(config.get("duration_s", last_s)))


def latency_samples(history: History) -> dict[str, pd.DataFrame]:
    """Every sample of each kind, warm-up included: columns `t_s` (when it was meant) and `latency_s`."""
    return {
        "delivery": _delivery_samples(history),
        "ack": _ack_samples(history),
        "receipt": _receipt_samples(history),
    }


def latencies(samples: Mapping[str, pd.DataFrame], window: Window) -> dict[str, Latency]:
    """Statistics of the judged samples of each kind."""
    return {name: _latency(_judged(frame, window), window) for name, frame in samples.items()}


def hop_latencies(times: pd.DataFrame) -> tuple[HopLatency, ...]:
    """Statistics of every hop, in the order of the way; `times` as in `judged_hops`."""
    found = []
    for hop in HOPS:
        values = times[hop.name].dropna().to_numpy(dtype=float)
        found.append(HopLatency(hop.name, hop.meaning, values.size, int((values < 0).sum()), describe(values)))
    return tuple(found)


def media_latencies(history: History, window: Window) -> tuple[HopLatency, ...]:
    """Statistics of the judged uploads and downloads, where the design stores media. Those that failed took no time."""
    if history.config.get("design", {}).get("media") != "store":
        return ()
    found = []
    for name, kind, meaning in MEDIA_LEGS:
        rows = history.of_kind(kind)
        rows = rows[rows["cause"].isna() & window.holds(rows["start_ns"]).fillna(False)]
        values = ((rows["t_ns"] - rows["start_ns"]) / 1e9).to_numpy(dtype=float)
        found.append(HopLatency(name, meaning, values.size, int((values < 0).sum()), describe(values)))
    return tuple(found)


def judged_hops(history: History, window: Window) -> pd.DataFrame:
    """Hop times (see `sim.hops.hop_times_s`) of the deliveries that are judged."""
    rows = deliveries(history)
    return hop_times_s(rows[rows["intended_ns"].notna() & window.holds(rows["intended_ns"]).fillna(False)])


def hop_budgets(times: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Mean seconds in each hop of the messages around the median and around p99 of the total.

    Percentiles of hops do not add up to the percentile of their sum; the hops of the same messages do.
    """
    whole = times.dropna().sort_values("total", ignore_index=True)
    budgets = {}
    for name, (low, high) in _BUDGET_WIDTH.items():
        first, last = int(len(whole) * low + 1e-9), int(np.ceil(len(whole) * high - 1e-9))
        if last > first:
            budgets[name] = {hop.name: float(whole[hop.name].iloc[first:last].mean()) for hop in HOPS}
    return budgets


def latency_over_time(frame: pd.DataFrame, end_s: float) -> pd.DataFrame:
    """p50, p95, p99 (seconds) and count of samples per slice of time: 1 s, or 2 s for runs of over 30 s, or end/60."""
    step_s = 1.0 if end_s <= 30 else max(2.0, round(end_s / 60))
    rows = []
    for index, group in frame.groupby((frame["t_s"] // step_s).astype("int64"))["latency_s"]:
        found = describe(group.to_numpy(dtype=float))
        rows.append((step_s * (float(str(index)) + 0.5), len(group), found["p50"], found["p95"], found["p99"]))
    return pd.DataFrame(rows, columns=["t_s", "samples", "p50", "p95", "p99"])


def judged_seconds(frame: pd.DataFrame, window: Window) -> Floats:
    """The judged latencies of one kind (seconds), ascending."""
    return np.sort(_judged(frame, window)["latency_s"].to_numpy(dtype=float))


def _judged(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    return frame[(frame["t_s"] >= window.start_s) & (frame["t_s"] <= window.end_s)]


def _latency(frame: pd.DataFrame, window: Window) -> Latency:
    values: Floats = frame["latency_s"].to_numpy(dtype=float)
    blocks = time_blocks(frame["t_s"].to_numpy(dtype=float), window.start_s, window.end_s)
    return Latency(values.size, int((values < 0).sum()), estimate(values, blocks))


def _samples(meant_ns: pd.Series, start_ns: pd.Series, end_ns: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame({"t_s": meant_ns.astype("Float64") / 1e9, "latency_s": (end_ns - start_ns) / 1e9})
    return frame.dropna().astype("float64")


def _sends(history: History) -> pd.DataFrame:
    """First `send.invoke` of each message by uuid, with `meant_ns`: intended, or sent where that is unknown."""
    sends = history.of_kind("send.invoke").drop_duplicates("uuid").set_index("uuid")
    return sends.assign(meant_ns=sends["intended_ns"].fillna(sends["t_ns"]))


def _delivery_samples(history: History) -> pd.DataFrame:
    rows = deliveries(history)
    meant_ns = rows["intended_ns"].fillna(rows["sent_ns"])
    return _samples(meant_ns, meant_ns, rows["delivered_ns"])


def _ack_samples(history: History) -> pd.DataFrame:
    acks = history.of_kind("send.ok").drop_duplicates("uuid").join(_sends(history)["meant_ns"], on="uuid")
    return _samples(acks["meant_ns"], acks["meant_ns"], acks["t_ns"])


def _receipt_samples(history: History) -> pd.DataFrame:
    """From the showing of a message to the first `delivered` of that reader at a sender who was there all along."""
    shown = deliveries(history).rename(columns={"device": "reader"})
    seen = history.of_kind("receipt.seen")
    seen = seen[seen["state"] == "delivered"]
    key = ["uuid", "reader"]
    shown, seen = (frame.astype(dict.fromkeys(key, "str")).drop_duplicates(key) for frame in (shown, seen))
    both = shown[[*key, "intended_ns", "sent_ns", "delivered_ns"]].merge(seen[[*key, "user", "t_ns"]], on=key)
    sessions = Sessions.of(history)
    there = sessions.stays(both["user"], both["delivered_ns"], both["t_ns"])
    both = both[there]
    return _samples(both["intended_ns"].fillna(both["sent_ns"]), both["delivered_ns"], both["t_ns"])
