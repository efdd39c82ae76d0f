"""receipt_lost: a sender never learns that a message was delivered.

    shown ──► receipt.send ──► … ──► receipt.seen
          not_said          said_not_seen

A device that was owed u (see `lost`) showed it, and u's sender has no `receipt.seen` of that reader, delivered or read,
by quiesce. Judged are senders whose device is connected at the end. Where the design numbers conversations
(`design.cursor`) a device that was away learns upon its return how far the readers have got; elsewhere what is pushed
to nobody is fetched by nobody, so the device must have been connected since before u was shown. Conversations that the
design serves on read are not judged: there nobody is told.

Liveness: without `quiesce` the verdict is unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge, records, unknown
from reports.checks.codes import NEVER_NS, Firsts, Flags, Integers
from reports.checks.facts import Facts, facts_of
from sim.design import is_served_on_read
from sim.history import History
from sim.verdict import Verdict


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    if not len(facts.rows("receipt.seen")) and not len(facts.rows("receipt.send")):
        return unknown("receipt_lost", "the history has no receipts")
    if not facts.names_members:
        return unknown("receipt_lost", "the config event names no members: nobody knows who should have got what")
    if facts.quiesced_ns is None:
        return unknown("receipt_lost", "the run did not end quietly: receipts may still have been on their way")
    owed = _owed(facts, facts.quiesced_ns)
    missing = owed[Firsts.of(_key(facts, facts.table("receipt.seen", "uuid", "reader"))).find(_key(facts, owed)) < 0]
    was_said = _said(facts, missing)
    return judge(
        "receipt_lost",
        count=len(missing),
        checked=len(owed),
        found="that the sender never learnt of",
        candidates="deliveries whose sender was connected at the end",
        too_little=facts.silence,
        absent="no sender was connected at the end",
        examples=[
            example(
                (facts.messages["sent"].iloc[row["uuid"]], row["event"]),
                "said by the reader, never seen by the sender" if row["said"] else "the reader's device never said so",
            )
            for row in records(missing.assign(said=was_said).head(facts.most))
        ],
        values={"said_not_seen": int(was_said.sum()), "not_said": int((~was_said).sum())} if len(missing) else {},
    )


def _owed(facts: Facts, quiesced_ns: int) -> pd.DataFrame:
    """First showings by quiesce of messages whose sender must know of them by then: uuid, reader, device."""
    rows = facts.owed["shown"].to_numpy()
    was_owed = np.zeros(len(facts.shown), dtype=np.bool_)
    was_owed[rows[rows >= 0]] = True
    shown = facts.shown[was_owed]
    shown = shown[shown["t_ns"] <= quiesced_ns]
    opens = facts.table("conn.open", "device", "t_ns")
    opens = opens[opens["device"] >= 0]
    since = np.full(len(facts.names("device")) + 1, NEVER_NS, dtype=np.int64)
    since[opens["device"]] = opens["t_ns"]
    until = np.append(facts.open_until_ns, -1)
    shown = shown[~_read_ones(facts)[shown["conv"]]]
    sender = facts.messages["device"].to_numpy()[shown["uuid"]]
    by_another = shown["user"].to_numpy() != np.append(facts.device_users, -1)[sender]
    told = (since[sender] <= shown["t_ns"].to_numpy()) | (facts.design.get("cursor") == "sequence")
    judged = by_another & (sender >= 0) & told & (until[sender] > quiesced_ns)
    owed: pd.DataFrame = shown[judged].rename(columns={"user": "reader"})[["uuid", "reader", "device"]]
    return owed


def _read_ones(facts: Facts) -> Flags:
    """By conversation: whether its members read it, so that receipts go to nobody."""
    fan_out, limit = facts.design.get("fan_out", "write"), int(facts.design.get("fan_out_limit", 0))
    # Not `facts.members`, which holds only those who did something.
    members = facts.settings.get("members", {})
    sizes = [len(members.get(conv, ())) for conv in facts.names("conv")]
    return np.array([is_served_on_read(fan_out, limit, size) for size in sizes], dtype=np.bool_)


def _said(facts: Facts, missing: pd.DataFrame) -> Flags:
    """Which of these the reader's device has told."""
    said = facts.table("receipt.send", "uuid", "device")
    said = said[said["uuid"].isin(missing["uuid"])]
    return np.isin(facts.pair(missing["uuid"], missing["device"]), facts.pair(said["uuid"], said["device"]))


def _key(facts: Facts, rows: pd.DataFrame) -> Integers:
    key: Integers = rows["uuid"].to_numpy() * len(facts.names("user")) + rows["reader"].to_numpy()
    return key


CHECK = Check(
    "receipt_lost", "liveness", "A connected sender never learnt that a message of theirs was delivered.", run
)
