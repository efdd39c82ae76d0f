"""Witnesses: what a run with faults must have met before its verdicts prove anything.

A worker that is killed while nothing is in flight proves nothing about workers that are killed. Which witnesses a run
needs follows from the faults in its history; one that is missing is unknown, not a pass, and nothing else changes.

    fault                          needs
    any                            fault_met_traffic
    any that is counted            fault_hit (on the real stack slow, partition, cut, lose-response)
    kill or long pause of a worker rebalance_in_flight
    kill of a gateway              resume_backlog
    drain of a gateway             sent_away
    lose-heartbeats                heartbeat_lost
    skew                           two_gateways
    lose-response of Kafka         send_retried
    any that may leave an answer
    of Cassandra out, with dedup
    by INSERT IF NOT EXISTS        lwt_in_doubt
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from sim.history import History
from sim.verdict import Outcome, Verdict

# A consumer group gives up a member that it has not heard of for so long (`realstack.chat.log`, `sim.engine.group`).
SESSION_TIMEOUT_S = 10.0
_WAITED_S = 5.0
# A producer waits for 0.1 s before it tries again; a store is given up after 10 s; both as in `realstack.chat`.
_RETRIED_S = 0.09
_STORE_TIMEOUT_S = 10.0
_AT_ONCE_S = 1.0
_NS = 1_000_000_000

WITNESSES = {
    "fault_met_traffic": "Somebody sent a message or was shown one while each fault lasted, or within a second of it.",
    "fault_hit": "Each fault of the network hit a connection or an answer, by the proxy's own count.",
    "rebalance_in_flight": "A message of a worker that was given up waited in the log and was worked on by another.",
    "resume_backlog": "A device that lost its gateway found messages waiting for it when it came back.",
    "sent_away": "A device left a drained gateway when it was told to, and another gateway took it.",
    "heartbeat_lost": "A heartbeat was sent while heartbeats were lost, and not stored within a second.",
    "two_gateways": "A conversation was written through two gateways, one of them with a wrong clock.",
    "send_retried": "A message stood in the log when its acknowledgement was lost, and was sent again.",
    "lwt_in_doubt": "A message was stored while the store's answer to the INSERT IF NOT EXISTS stayed out.",
}


class _Fault(NamedTuple):
    """One fault of the history; `end_ns` is that of the history for what was never undone, `hit` what was counted."""

    kind: str
    target: str
    start_ns: int
    end_ns: int
    hit: float | None

    def __str__(self) -> str:
        return f"{self.kind} of {self.target} at {self.start_ns / _NS:.1f} s"


def witness_verdicts(history: History) -> tuple[Verdict, ...]:
    """One verdict for each witness that the history's faults need: pass if it was met, else unknown. Never fail."""
    faults, by_lwt = _faults(history), history.config.get("design", {}).get("dedup") == "lwt"
    needs: dict[str, tuple[list[_Fault], Callable[[History, _Fault], bool]]] = {
        "fault_met_traffic": (faults, _met_traffic),
        "fault_hit": ([f for f in faults if f.hit is not None], lambda _, fault: bool(fault.hit)),
        "rebalance_in_flight": ([f for f in faults if _is_given_up(f)], _rebalanced_in_flight),
        "resume_backlog": ([f for f in faults if f.kind == "kill" and _is(f, "gateway")], _resumed_with_backlog),
        "sent_away": ([f for f in faults if f.kind == "drain" and _is(f, "gateway")], _sent_away),
        "heartbeat_lost": ([f for f in faults if f.kind == "lose-heartbeats"], _lost_a_heartbeat),
        "two_gateways": ([f for f in faults if f.kind == "skew"], _wrote_through_two),
        "send_retried": ([f for f in faults if f.kind == "lose-response" and _is(f, "kafka")], _retried_a_send),
        "lwt_in_doubt": ([f for f in faults if by_lwt and _may_leave_out_answers(f)], _left_an_insert_in_doubt),
    }
    return tuple(_verdict(history, name, *need) for name, need in needs.items() if need[0])


def _verdict(history: History, name: str, faults: list[_Fault], met: Callable[[History, _Fault], bool]) -> Verdict:
    missed = [fault for fault in faults if not met(history, fault)]
    if not missed:
        return Verdict(name, Outcome.PASS, 0, len(faults), f"met by {len(faults):,} of {len(faults):,} faults")
    listed = ", ".join(str(fault) for fault in missed[:3]) + (" …" if len(missed) > 3 else "")
    why = f"not met by {len(missed):,} of {len(faults):,} faults ({listed}), which proves nothing"
    return Verdict(name, Outcome.UNKNOWN, 0, len(faults), why)


def _faults(history: History) -> list[_Fault]:
    rows = history.of_kind("fault.start", "fault.stop")
    last_ns = int(history.frame["t_ns"].iloc[-1])
    found = []
    for _, row in rows[rows["kind"] == "fault.start"].iterrows():
        same = (rows["target"] == row["target"]) & (rows["cause"] == row["cause"])
        stops = rows[same & (rows["kind"] == "fault.stop") & (rows["t_ns"] >= row["t_ns"])]
        end_ns = int(stops["t_ns"].iloc[0]) if len(stops) else last_ns
        counted = stops["value"].iloc[:1].dropna()
        hit = float(counted.iloc[0]) if len(counted) else None
        found.append(_Fault(row["cause"], row["target"], int(row["t_ns"]), end_ns, hit))
    return found


def _is(fault: _Fault, kind: str) -> bool:
    return fault.target.startswith(kind)


def _is_given_up(fault: _Fault) -> bool:
    long = fault.end_ns - fault.start_ns > SESSION_TIMEOUT_S * _NS
    return _is(fault, "worker") and (fault.kind == "kill" or (fault.kind == "pause" and long))


def _within(rows: pd.DataFrame, fault: _Fault, more_s: float = 0.0) -> pd.DataFrame:
    chosen: pd.DataFrame = rows[rows["t_ns"].between(fault.start_ns, fault.end_ns + round(more_s * _NS))]
    return chosen


def _met_traffic(history: History, fault: _Fault) -> bool:
    return len(_within(history.of_kind("send.invoke", "deliver"), fault, more_s=1.0)) > 0


def _rebalanced_in_flight(history: History, fault: _Fault) -> bool:
    appended = history.of_kind("log.append").drop_duplicates("uuid").set_index("uuid")["t_ns"]
    polled = history.of_kind("deliver").dropna(subset=["polled_ns"]).groupby("uuid")["polled_ns"].min()
    both = pd.DataFrame({"appended_ns": appended, "polled_ns": polled}).dropna()
    waited = both["polled_ns"] - both["appended_ns"] > _WAITED_S * _NS
    return bool((waited & both["appended_ns"].between(fault.start_ns - _NS, fault.end_ns)).any())


def _resumed_with_backlog(history: History, fault: _Fault) -> bool:
    closed = history.of_kind("conn.close")
    lost = closed[(closed["gateway"] == fault.target) & (closed["cause"] == "lost")]
    devices = set(_within(lost, fault)["device"])
    shown = history.of_kind("deliver")
    return bool(((shown["via"] == "resume") & shown["device"].isin(devices) & (shown["t_ns"] > fault.start_ns)).any())


def _sent_away(history: History, fault: _Fault) -> bool:
    closed, opened = history.of_kind("conn.close"), history.of_kind("conn.open")
    left = _within(closed[(closed["gateway"] == fault.target) & (closed["cause"] == "go-away")], fault)
    elsewhere = opened[(opened["gateway"] != fault.target) & (opened["t_ns"] > fault.start_ns)]
    return bool(elsewhere["device"].isin(set(left["device"])).any())


def _lost_a_heartbeat(history: History, fault: _Fault) -> bool:
    opened = history.of_kind("conn.open")
    sessions = set(opened[opened["gateway"] == fault.target]["session"])
    sent = _within(history.of_kind("heartbeat.sent"), fault)
    sent = sent[sent["session"].isin(sessions)][["t_ns", "session"]].astype({"session": str})
    stored = history.of_kind("heartbeat.stored")[["t_ns", "session"]].astype({"session": str})
    answers = pd.merge_asof(
        sent, stored.assign(stored=True), on="t_ns", by="session", direction="forward", tolerance=_NS
    )
    return bool(answers["stored"].isna().any())


def _wrote_through_two(history: History, fault: _Fault) -> bool:
    sent = history.of_kind("send.invoke")[["t_ns", "device", "conv"]].astype({"device": str})
    opened = history.of_kind("conn.open")[["t_ns", "device", "gateway"]].astype({"device": str, "gateway": str})
    through = pd.merge_asof(sent, opened, on="t_ns", by="device").dropna(subset=["gateway"])
    gateways = _within(through, fault).groupby("conv", observed=True)["gateway"].agg(set)
    return any(fault.target in names and len(names) > 1 for names in gateways)


def _retried_a_send(history: History, fault: _Fault) -> bool:
    """By the log, which has it twice; or, if the broker knew the second for the first, by the time that went by."""
    log = history.of_kind("log.append")
    appended = _within(log, fault).drop_duplicates("uuid").set_index("uuid")["t_ns"]
    acked = history.of_kind("send.ok").drop_duplicates("uuid").set_index("uuid")["t_ns"].reindex(appended.index)
    copies = log["uuid"].value_counts().reindex(appended.index)
    return bool(((acked - appended > _RETRIED_S * _NS) | (copies > 1)).any())


def _may_leave_out_answers(fault: _Fault) -> bool:
    long = fault.end_ns - fault.start_ns > _STORE_TIMEOUT_S * _NS
    return _is(fault, "cassandra") and (
        fault.kind in ("lose-response", "cut", "kill") or (fault.kind in ("pause", "partition") and long)
    )


def _left_an_insert_in_doubt(history: History, fault: _Fault) -> bool:
    appended = _within(history.of_kind("log.append"), fault).drop_duplicates("uuid").set_index("uuid")["t_ns"]
    stored = set(history.of_kind("store.row")["uuid"])
    # Whoever is shown a message or notified of it, is so once it is stored: at once in healthy times.
    shown = history.of_kind("deliver", "push")
    done_ns = shown[shown["via"] != "resume"].groupby("uuid", observed=True)["t_ns"].min().reindex(appended.index)
    waited = ~(done_ns - appended <= _AT_ONCE_S * _NS)
    return any(uuid in stored for uuid in appended.index[waited])
