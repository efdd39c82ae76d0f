"""What one run of the model says, as plain numbers by name, from its history alone.

delivery_…, ack_…      mean, p50, p95, p99, p999, max (seconds) and samples, of messages meant in the judged window;
receipt_…              the same from showing a message to its sender's learning it, for senders who were there all
                       along; a name without samples is missing
utilisation.NAME       cores that the process used (1 is all that one event loop can), and `.cores`, the share of all
sent_per_s             messages sent in the window, and delivered_per_s, by push
order_violations       messages shown after a later one of the same sender and conversation
backlog_per_s …        see `sim.experiments.overload`
settled_s              where MSER-5 would end the warm-up, a hint; missing where it cannot tell
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiments.overload import backlog
from sim.history import LIVE, History
from sim.hops import deliveries
from sim.statistics import mser5_cut

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
# How names of latencies begin: of an overload they say nothing.
LATENCIES = ("delivery_", "ack_", "receipt_")
# Their work is spread over threads, so the cores bound them and not one loop.
THREADED = ("kafka", "cassandra")
CORES = "cores"
_UTILISATION = "utilisation."

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """The judged part of a run, seconds on the history's clock."""

    start_s: float
    end_s: float

    def holds(self, t_s: pd.Series) -> pd.Series:
        """Which times lie within, both ends included."""
        return (t_s >= self.start_s) & (t_s <= self.end_s)


def measure(history: History, cores: int) -> dict[str, float]:
    """The numbers above for one history of a box of `cores`."""
    config = history.config
    window = Window(float(config["warm_up_s"]), float(config["duration_s"]))
    sends = _sends(history)
    delivery, ack = _delivery(history), _ack(history, sends)
    receipt = _receipt(history, delivery)
    seconds = window.end_s - window.start_s
    shown = history.of_kind("deliver")
    shown_s = shown.loc[shown["via"].isin(LIVE), "t_ns"] / 1e9
    return {
        **_described("delivery", delivery[window.holds(delivery["meant_s"])]["latency_s"]),
        **_described("ack", ack[window.holds(ack["meant_s"])]["latency_s"]),
        **_described("receipt", receipt[window.holds(receipt["meant_s"])]["latency_s"]),
        **_utilisation(history, window, cores),
        "sent_per_s": float(window.holds(sends["t_ns"] / 1e9).sum()) / seconds,
        "delivered_per_s": float(window.holds(shown_s).sum()) / seconds,
        "order_violations": _order_violations(history),
        **backlog(sends["meant_s"], _done_s(sends, delivery, ack), window.start_s, window.end_s),
        **_settled(delivery),
    }


def busiest(values: Mapping[str, float]) -> tuple[str, float]:
    """What gives out first, of `measure`'s (or their means'): one event loop, or the cores; with its utilisation.

    Without gauges, as in a run of under 2 s, nothing can be told: ("", 0).
    """
    shares = {key.removeprefix(_UTILISATION): share for key, share in values.items() if key.startswith(_UTILISATION)}
    bounded = {name: share for name, share in shares.items() if name.partition("-")[0] not in THREADED}
    return max(bounded.items(), key=lambda item: item[1], default=("", 0.0))


def _sends(history: History) -> pd.DataFrame:
    """The first try of each message by uuid, with `meant_s`."""
    sends = history.of_kind("send.invoke").drop_duplicates("uuid").set_index("uuid")
    return sends.assign(meant_s=(sends["intended_ns"].fillna(sends["t_ns"]) / 1e9).astype("float64"))


def _delivery(history: History) -> pd.DataFrame:
    rows = deliveries(history)
    meant_s = (rows["intended_ns"].fillna(rows["sent_ns"]) / 1e9).astype("float64")
    found = _latencies(rows["uuid"], meant_s, rows["delivered_ns"] / 1e9)
    return found.assign(device=rows["device"])


def _ack(history: History, sends: pd.DataFrame) -> pd.DataFrame:
    acks = history.of_kind("send.ok").drop_duplicates("uuid").join(sends["meant_s"], on="uuid").dropna(subset="meant_s")
    return _latencies(acks["uuid"], acks["meant_s"], acks["t_ns"] / 1e9)


def _receipt(history: History, delivery: pd.DataFrame) -> pd.DataFrame:
    """Of every first `delivered` of a reader at a device of the sender that was connected all along."""
    seen = history.of_kind("receipt.seen").query("state == 'delivered'").drop_duplicates(["uuid", "reader"])
    shown = delivery.rename(columns={"device": "reader", "done_s": "shown_s"})
    key = dict.fromkeys(("uuid", "reader"), "str")
    both = shown.astype(key).merge(seen[[*key, "user", "t_ns"]].astype(key), on=list(key))
    both = both.assign(done_s=both["t_ns"] / 1e9).reset_index(names="receipt")
    there = both.merge(_sessions(history), on="user").query("open_s <= shown_s and done_s <= close_s")
    both = both[both["receipt"].isin(there["receipt"])]
    return both.assign(latency_s=both["done_s"] - both["shown_s"]).sort_values("meant_s", kind="stable")


def _sessions(history: History) -> pd.DataFrame:
    """Every session of a user with `open_s` and `close_s`, infinite while it lasts."""
    opened, closed = (history.of_kind(kind).drop_duplicates("session") for kind in ("conn.open", "conn.close"))
    close_s = closed.set_index("session")["t_ns"] / 1e9
    sessions = opened[["user", "session"]].assign(open_s=opened["t_ns"] / 1e9)
    return sessions.join(close_s.rename("close_s"), on="session").fillna({"close_s": np.inf})


def _latencies(uuid: pd.Series, meant_s: pd.Series, done_s: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame({"uuid": uuid, "meant_s": meant_s, "done_s": done_s, "latency_s": done_s - meant_s})
    return frame.sort_values("meant_s", kind="stable")


def _done_s(sends: pd.DataFrame, delivery: pd.DataFrame, ack: pd.DataFrame) -> pd.Series:
    """When each message was through: shown to the last who was online, else acknowledged, else never."""
    shown = delivery.groupby("uuid")["done_s"].max()
    acknowledged = ack.set_index("uuid")["done_s"]
    return shown.reindex(sends.index).fillna(acknowledged.reindex(sends.index)).fillna(np.inf)


def _described(kind: str, latency_s: pd.Series) -> dict[str, float]:
    values: Floats = latency_s.to_numpy(dtype=np.float64)
    found = {f"{kind}_samples": float(values.size)}
    if values.size:
        # The nearest rank: a value that was seen.
        ranks = np.quantile(values, list(QUANTILES.values()), method="inverted_cdf").tolist()
        found |= {f"{kind}_mean": float(values.mean()), f"{kind}_max": float(values.max())}
        found |= {f"{kind}_{name}": rank for name, rank in zip(QUANTILES, ranks, strict=True)}
    return found


def _utilisation(history: History, window: Window, cores: int) -> dict[str, float]:
    rows = history.of_kind("sample")
    rows = rows[(rows["state"] == "cpu_s") & window.holds(rows["t_ns"] / 1e9)]
    found: dict[str, float] = {}
    for target, group in rows.groupby("target", observed=True):
        spent_s = float(group["value"].iloc[-1] - group["value"].iloc[0])
        passed_s = float(group["t_ns"].iloc[-1] - group["t_ns"].iloc[0]) / 1e9
        if passed_s > 0:
            found[f"{_UTILISATION}{target}"] = spent_s / passed_s
    return found | {_UTILISATION + CORES: sum(found.values()) / cores} if found else {}


def _order_violations(history: History) -> float:
    shown: Any = history.of_kind("deliver")[["device", "conv", "uuid", "cseq"]]
    shown = shown.join(_sends(history)["device"].astype(str).rename("sender"), on="uuid")
    highest = shown.groupby(["device", "conv", "sender"], observed=True)["cseq"].cummax()
    return float((shown["cseq"] < highest).sum())


def _settled(delivery: pd.DataFrame) -> dict[str, float]:
    cut = mser5_cut(delivery["latency_s"].to_numpy(dtype=np.float64))
    return {} if cut is None else {"settled_s": float(delivery["meant_s"].iloc[cut])}
