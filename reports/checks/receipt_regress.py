"""receipt_regress: what receipts say goes backwards, or says what did not happen.

    receipt_phantom         a device says delivered and has not shown the message
    read_without_delivered  a device says read and has not said delivered
    never_said              the sender learns of a state that no device of the reader has said, or said higher
    went_down               the sender's device learns delivered after it had learnt read from that reader

Before means an earlier or equal time. A receipt that the sender never learns of is no regress.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.base import Check, example, judge
from reports.checks.codes import NEVER_NS, Firsts, Flags, Integers
from reports.checks.facts import Facts, facts_of
from sim.history import History
from sim.verdict import Verdict

_NOTES = {
    "receipt_phantom": "said delivered, but had not shown it",
    "read_without_delivered": "said read, but had not said delivered",
    "never_said": "the sender learns what the reader had not said",
    "went_down": "delivered again after read",
}


def run(history: History) -> Verdict:
    """Judge by the definition above."""
    facts = facts_of(history)
    said = facts.table("receipt.send", "uuid", "device", "state", "t_ns")
    seen = facts.table("receipt.seen", "uuid", "device", "state", "reader", "t_ns")
    anomalies = _said(facts, said) | _seen(facts, said, seen)
    convicted = [(event, name) for name, rows in anomalies.items() for event in rows[: facts.most]]
    return judge(
        "receipt_regress",
        count=sum(map(len, anomalies.values())),
        checked=len(said) + len(seen),
        found="false or backward",
        candidates="receipts",
        examples=[example(_witnesses(facts, event, name), _NOTES[name]) for event, name in convicted[: facts.most]],
        values={name: len(rows) for name, rows in anomalies.items() if len(rows)},
    )


def _said(facts: Facts, said: pd.DataFrame) -> dict[str, Integers]:
    """Event numbers by anomaly, as the reader's device tells it."""
    delivered, read = (_in_state(facts, said, state) for state in ("delivered", "read"))
    key, t_ns = facts.pair(said["uuid"], said["device"]), said["t_ns"].to_numpy()
    shown = np.append(facts.shown["t_ns"].to_numpy(), NEVER_NS)[facts.first_shown(said["uuid"], said["device"])]
    before = _earliest(key[delivered], t_ns[delivered], key[read])
    return {
        "receipt_phantom": _numbers(said, delivered)[shown[delivered] > t_ns[delivered]],
        "read_without_delivered": _numbers(said, read)[before > t_ns[read]],
    }


def _seen(facts: Facts, said: pd.DataFrame, seen: pd.DataFrame) -> dict[str, Integers]:
    """Event numbers by anomaly, as the sender's device learns it."""
    users = len(facts.names("user"))
    told, t_ns = seen["uuid"].to_numpy() * users + seen["reader"].to_numpy(), seen["t_ns"].to_numpy()
    origin, origin_ns = said["uuid"].to_numpy() * users + facts.device_users[said["device"]], said["t_ns"].to_numpy()
    read_said, read = _in_state(facts, said, "read"), _in_state(facts, seen, "read")
    delivered = _in_state(facts, seen, "delivered")
    never = _earliest(origin, origin_ns, told) > t_ns
    never[read] = _earliest(origin[read_said], origin_ns[read_said], told[read]) > t_ns[read]
    view = told * len(facts.names("device")) + seen["device"].to_numpy()
    down = _earliest(view[read], t_ns[read], view[delivered]) < t_ns[delivered]
    return {"never_said": seen.index.to_numpy()[never], "went_down": _numbers(seen, delivered)[down]}


def _in_state(facts: Facts, rows: pd.DataFrame, state: str) -> Flags:
    flags: Flags = (rows["state"] == facts.code("state", state)).to_numpy()
    return flags


def _numbers(rows: pd.DataFrame, where: Flags) -> Integers:
    return rows.index.to_numpy()[where]


def _earliest(keys: Integers, t_ns: Integers, wanted: Integers) -> Integers:
    """Time of the first row of each wanted key, NEVER_NS where it has none. Rows come in time order."""
    if not len(wanted):
        return np.zeros(0, dtype=np.int64)
    return np.append(t_ns, NEVER_NS)[Firsts.of(keys).find(wanted)]


def _witnesses(facts: Facts, event: int, name: str) -> list[int]:
    """The receipt, and the deliver or the other receipt that it contradicts, where there is one."""
    receipt = facts.frame.loc[event]
    kind = {"receipt_phantom": "deliver", "went_down": "receipt.seen"}.get(name, "receipt.send")
    rows = facts.frame[(facts.frame["uuid"] == receipt["uuid"]) & (facts.frame["kind"] == kind)]
    if kind == "receipt.seen":
        rows = rows[(rows["reader"] == receipt["reader"]) & (rows["state"] == "read")]
    elif name == "never_said":
        rows = rows[rows["user"] == receipt["reader"]]
    else:
        rows = rows[(rows["device"] == receipt["device"]) & (rows.index != event)]
    return [event, *rows.index[:2]]


CHECK = Check(
    "receipt_regress",
    "safety",
    "A receipt went back from read to delivered, or said what its reader's device had not done.",
    run,
)
