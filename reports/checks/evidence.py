"""The events that convict, as lines for a terminal or a report.

    #1041 t=2.010 send.ok u3 c17 uuid=…00a1 id=…1975
    #1043 t=2.014 conn.open u5 session=u5.2 gateway=gateway-1
    #1047 t=2.021 deliver u5 c17 uuid=…00a2 seq=9 via=push  ← missed while u5 was away, then passed over

Around the convicting events stand those of the same messages and devices and the faults in between, up to twelve.
"""

from __future__ import annotations

import pandas as pd

from sim.history import History
from sim.verdict import Example, Verdict

LINES = 12
_PRESENCE = {"stale_online", "false_offline", "presence_flap", "last_seen_regress", "registry_orphan"}
_OF_RECEIPTS = {"receipt_regress", "receipt_lost"}
_SENDS = ("send.invoke", "send.ok", "send.fail", "send.info")
_PLACES = ("log.append", "store.row")
_ARRIVALS = ("wire.deliver", "deliver", "push")
_RECEIPTS = ("receipt.send", "receipt.seen")
_FIELDS = {
    "conv": "",
    "cseq": "cseq=",
    "seq": "seq=",
    "uuid": "uuid=",
    "message_id": "id=",
    "partition": "partition=",
    "offset": "offset=",
    "via": "via=",
    "reader": "of=",
    "state": "",
    "start_ns": "began=",
    "cursor": "cursor=",
    "last_seen_ns": "seen=",
    "session": "session=",
    "gateway": "gateway=",
    "cause": "cause=",
}
_SHORT = {"uuid", "message_id"}


def explain(history: History, verdict: Verdict, example: Example) -> list[str]:
    """At most twelve event lines in time order; the last convicting one ends with the example's note."""
    frame = history.frame
    convicting = frame.loc[list(example.events)]
    chosen = list(example.events)[:LINES]
    for context in _contexts(frame, convicting, verdict.check):
        chosen += [event for event in context.index.tolist() if event not in chosen][: LINES - len(chosen)]
    last = max(example.events, default=None)
    lines = []
    for event, fields in frame.loc[sorted(chosen)].iterrows():
        lines.append(line(fields, f"  ← {example.note}" if event == last else "", event))
    return lines


def _contexts(frame: pd.DataFrame, convicting: pd.DataFrame, check: str) -> list[pd.DataFrame]:
    """Related events, the most telling first."""
    between = frame[frame["t_ns"].between(convicting["t_ns"].min(), convicting["t_ns"].max())]
    same = frame[frame["uuid"].isin(convicting["uuid"].dropna())]
    at_recipient = convicting[~convicting["kind"].isin(_SENDS)]
    devices = set(at_recipient["device"].dropna())
    users = set(at_recipient["user"].dropna()) | set(convicting["reader"].dropna())
    if check in _PRESENCE:
        asked = _of(convicting, "registry.read", "presence.change")
        subjects = set(convicting["reader"].dropna()) | set(asked["user"].dropna())
        beats = _of(between, "conn.open", "conn.close", "heartbeat.sent", "heartbeat.stored")
        return [active_faults(frame, convicting), beats[beats["user"].isin(subjects)]]
    arrivals = _of(same, *_ARRIVALS)
    receipts = _of(same, *(_RECEIPTS if check in _OF_RECEIPTS else ()))
    sessions = _of(between, "conn.open", "conn.close")
    return [
        active_faults(frame, convicting),
        _of(same, *_SENDS),
        sessions[sessions["device"].isin(devices)],
        _of(same, *_PLACES),
        receipts[receipts["user"].isin(users) | receipts["reader"].isin(users)],
        arrivals[arrivals["device"].isin(devices) | (arrivals["device"].isna() & arrivals["user"].isin(users))],
    ]


def _of(rows: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    return rows[rows["kind"].isin(kinds)]


def active_faults(frame: pd.DataFrame, convicting: pd.DataFrame) -> pd.DataFrame:
    """Faults that were active at some time between the first and the last convicting event."""
    first_ns, last_ns = convicting["t_ns"].min(), convicting["t_ns"].max()
    faults = _of(frame, "fault.start", "fault.stop")
    following = faults.groupby("target", observed=True)[["kind", "t_ns"]].shift(-1)
    undone = following["t_ns"].where(following["kind"] == "fault.stop", last_ns)
    started = (faults["kind"] == "fault.start") & (faults["t_ns"] <= last_ns) & (undone >= first_ns)
    stopped = (faults["kind"] == "fault.stop") & faults["t_ns"].between(first_ns, last_ns)
    active: pd.DataFrame = faults[started | stopped]
    return active


def line(event: pd.Series, note: str, number: object) -> str:
    """One event with its number in the history, and what it proves."""
    who = next((event[name] for name in ("device", "user", "target") if pd.notna(event[name])), "")
    fields = [f"of={event['user']}"] if event["kind"] == "presence.change" and pd.notna(event["device"]) else []
    fields += [f"{label}{_text(name, event[name])}" for name, label in _FIELDS.items() if pd.notna(event[name])]
    words = [f"#{number}", f"t={event['t_ns'] / 1e9:.3f}", str(event["kind"]), str(who), *fields]
    return " ".join(filter(None, words)) + note


def _text(name: str, value: object) -> str:
    if name in {"start_ns", "last_seen_ns"}:
        return f"{int(str(value)) / 1e9:.3f}"
    text = str(value)
    return f"…{text[-4:]}" if name in _SHORT and len(text) > 4 else text
