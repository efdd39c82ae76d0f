"""The hops of one message from the sender's intent to the recipient's screen, in either world.

    intended ─lag─► sent ─uplink─► accepted ─log─► polled ─queue─► started ─store─► stored
                                                        ─route─► routed ─rpc─► pushed ─downlink─► delivered

A hop is the difference of two columns of `hop_times`: stamps of a `deliver` event, or times of its `send.invoke`.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from sim.history import LIVE, STAMPS, History


class Hop(NamedTuple):
    """One leg of the way; `start` and `end` are columns of `deliveries`."""

    name: str
    start: str
    end: str
    meaning: str


HOPS = (
    Hop("lag", "intended_ns", "sent_ns", "the load generator is late"),
    Hop("uplink", "sent_ns", "accepted_ns", "device to gateway, and the gateway's queue"),
    Hop("log", "accepted_ns", "polled_ns", "gateway to Kafka to worker"),
    Hop("queue", "polled_ns", "started_ns", "waiting in the worker behind earlier messages"),
    Hop("store", "started_ns", "stored_ns", "dedup, number and insert into Cassandra"),
    Hop("route", "stored_ns", "routed_ns", "recipients' gateways from Redis"),
    Hop("rpc", "routed_ns", "pushed_ns", "worker to the recipient's gateway by gRPC"),
    Hop("downlink", "pushed_ns", "delivered_ns", "gateway to device"),
)

# What a medium goes through beside its message: names, the kinds of their events, and what they are.
MEDIA_LEGS = (
    ("upload", "media.put", "a medium into the store, before its message goes"),
    ("download", "media.get", "a medium from the store, when its message is shown"),
)


def deliveries(history: History) -> pd.DataFrame:
    """Every first delivery to a connected device with its send: one row a (device, message).

    Columns: uuid, device, sender, conv, intended_ns, sent_ns, the stamps, delivered_ns. Rows keep their event numbers.
    A message that was pulled has no stamps between log and device.
    """
    shown = history.of_kind("deliver")
    shown = shown[shown["via"].isin(LIVE)].drop_duplicates(["device", "uuid"])
    sends = history.of_kind("send.invoke").drop_duplicates("uuid").set_index("uuid")
    joined = shown[["uuid", "device", "conv", *STAMPS, "t_ns"]].rename(columns={"t_ns": "delivered_ns"})
    joined = joined.join(
        sends[["device", "intended_ns", "t_ns"]].rename(columns={"t_ns": "sent_ns", "device": "sender"}),
        on="uuid",
    )
    return joined.dropna(subset=["sent_ns"])


def hop_times_s(rows: pd.DataFrame) -> pd.DataFrame:
    """Seconds of every hop, one column a hop, plus `total` (intended to delivered), for rows of `deliveries`."""
    times = {hop.name: (rows[hop.end] - rows[hop.start]).astype("Float64") / 1e9 for hop in HOPS}
    times["total"] = (rows["delivered_ns"] - rows["intended_ns"]).astype("Float64") / 1e9
    return pd.DataFrame(times).astype("float64")
