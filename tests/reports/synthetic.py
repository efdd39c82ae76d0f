"""Histories with latencies known beforehand, and the run folders around them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.history import STAMPS, History
from sim.hops import HOPS
from sim.scenario import Scenario
from sim.scenario_file import dump_scenario, load_scenario
from sim.settings import config_event
from sim.trace import Action, Trace

Event = dict[str, Any]
PAIRS = 100
HOPS_S = {
    "lag": 0.0,
    "uplink": 0.001,
    "log": 0.004,
    "queue": 0.0005,
    "store": 0.002,
    "route": 0.001,
    "rpc": 0.0015,
    "downlink": 0.001,
}
PROCESSES = {
    "gateway-1": 0.25,
    "gateway-2": 0.125,
    "worker-1": 0.5,
    "worker-2": 0.25,
    "kafka": 0.125,
    "cassandra": 0.125,
    "redis": 0.0625,
    "driver": 0.0625,
}


def small_scenario(duration_s: float = 60.0, warm_up_s: float = 10.0) -> Scenario:
    return load_scenario("whatsapp", [f"run.duration={duration_s}", f"run.warm_up={warm_up_s}"])


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


def message(
    number: int, meant_s: float, hops_s: Mapping[str, float], pair: int = 0, ack_s: float = 0.006
) -> list[Event]:
    """One message from u{2p} to u{2p+1} in c{p}: sent, acknowledged, stored, delivered, and its receipt."""
    sender, reader, conv, uuid = f"u{2 * pair}", f"u{2 * pair + 1}", f"c{pair}", f"m{number}"
    moments = np.cumsum([ns(hops_s[hop.name]) for hop in HOPS]) + ns(meant_s)
    sent, *stamps, shown = (int(moment) for moment in moments)
    send = {"device": sender, "user": sender, "conv": conv, "uuid": uuid}
    arrival = {"device": reader, "user": reader, "session": f"{reader}.1", "conv": conv, "uuid": uuid, "via": "push"}
    ids = {"message_id": number, "seq": number // PAIRS + 1}
    receipt = {"conv": conv, "uuid": uuid, "state": "delivered"}
    return [
        {
            "t_ns": sent,
            "kind": "send.invoke",
            **send,
            "cseq": ids["seq"],
            "hash": uuid,
            "size_bytes": 30,
            "intended_ns": ns(meant_s),
        },
        {"t_ns": ns(meant_s + ack_s), "kind": "send.ok", **send, "message_id": number},
        {
            "t_ns": min(stamps[1], ns(meant_s + ack_s)),
            "kind": "log.append",
            "conv": conv,
            "uuid": uuid,
            "message_id": number,
            "partition": pair % 16,
            "offset": number,
        },
        {"t_ns": shown, "kind": "wire.deliver", **arrival, **ids},
        {"t_ns": shown, "kind": "deliver", **arrival, **ids, "hash": uuid, **dict(zip(STAMPS, stamps, strict=True))},
        {"t_ns": shown, "kind": "receipt.send", "device": reader, "user": reader, **receipt},
        {
            "t_ns": shown + ns(0.003),
            "kind": "receipt.seen",
            "device": sender,
            "user": sender,
            **receipt,
            "reader": reader,
        },
    ]


def scan(events: Iterable[Event], t_s: float) -> list[Event]:
    """The end of a run: everything had time to arrive, and the store holds what was shown."""
    rows = [
        {
            "t_ns": ns(t_s + 1),
            "kind": "store.row",
            **{key: event[key] for key in ("conv", "uuid", "message_id", "seq", "hash")},
        }
        for event in events
        if event["kind"] == "deliver"
    ]
    return [{"t_ns": ns(t_s), "kind": "quiesce"}, *rows]


def people(duration_s: float, heartbeat_s: float = 15.0) -> list[Event]:
    """Everybody is online throughout, keeps the heartbeat, and asks once whether the other is there."""
    events: list[Event] = []
    for user in range(2 * PAIRS):
        who = {"device": f"u{user}", "user": f"u{user}"}
        session = {**who, "session": f"u{user}.1"}
        events.append({"t_ns": ns(0.001 * user), "kind": "conn.open", **session, "gateway": f"gateway-{user % 2 + 1}"})
        for beat_s in np.arange(0.001 * user, duration_s, heartbeat_s):
            events.append({"t_ns": ns(beat_s), "kind": "heartbeat.sent", **session})
            events.append({"t_ns": ns(beat_s + 0.002), "kind": "heartbeat.stored", **session})
        asked = {"reader": f"u{user ^ 1}", "state": "online", "start_ns": ns(5 + 0.1 * user)}
        events.append({"t_ns": ns(5.002 + 0.1 * user), "kind": "presence.read", **who, **asked})
    return events


def comes_back(meant_s: float = 1.5) -> list[Event]:
    """Pair PAIRS: the reader leaves at 1 s, misses one message, is notified, comes back at 2 s and resumes."""
    sender, reader, conv, uuid = f"u{2 * PAIRS}", f"u{2 * PAIRS + 1}", f"c{PAIRS}", "missed"
    here, away = {"device": sender, "user": sender}, {"device": reader, "user": reader}
    ids = {"message_id": 10**6, "seq": 1, "hash": uuid}
    about = {"conv": conv, "uuid": uuid}
    send = {**here, **about, "cseq": 1, "hash": uuid, "intended_ns": ns(meant_s)}
    resumed = {**away, **about, **ids, "session": f"{reader}.2", "via": "resume"}
    return [
        {"t_ns": ns(0.3), "kind": "conn.open", **here, "session": f"{sender}.1"},
        {"t_ns": ns(0.3), "kind": "conn.open", **away, "session": f"{reader}.1"},
        {"t_ns": ns(1.0), "kind": "conn.close", **away, "session": f"{reader}.1"},
        {"t_ns": ns(meant_s), "kind": "send.invoke", **send},
        {
            "t_ns": ns(meant_s + 0.004),
            "kind": "log.append",
            **about,
            "message_id": 10**6,
            "partition": 0,
            "offset": 10**6,
        },
        {"t_ns": ns(meant_s + 0.006), "kind": "send.ok", **here, **about, "message_id": 10**6},
        {"t_ns": ns(meant_s + 0.010), "kind": "push", "user": reader, **about},
        {"t_ns": ns(2.0), "kind": "conn.open", **away, "session": f"{reader}.2"},
        {"t_ns": ns(2.01), "kind": "wire.deliver", **{key: resumed[key] for key in resumed if key != "hash"}},
        {"t_ns": ns(2.01), "kind": "deliver", **resumed},
        {"t_ns": ns(2.01), "kind": "receipt.send", **away, **about, "state": "delivered"},
        {"t_ns": ns(2.02), "kind": "receipt.seen", **here, **about, "state": "delivered", "reader": reader},
    ]


def gauges(duration_s: float, cores: Mapping[str, float] = PROCESSES, backlog_per_s: float = 0.0) -> list[Event]:
    """A sample of every process each second, and a backlog that grows as told."""
    events: list[Event] = []
    for second in range(int(duration_s) + 1):
        at = {"t_ns": ns(second), "kind": "sample"}
        events += [{**at, "target": name, "state": "cpu_s", "value": used * second} for name, used in cores.items()]
        events.append(
            {**at, "target": "messages", "state": "backlog", "value": float(second % 3) + backlog_per_s * second}
        )
    return events


def history(scenario: Scenario, trace: Trace, messages: Iterable[Event], extra: Iterable[Event] = ()) -> History:
    """A whole run around those messages."""
    sent = [*messages, *comes_back()]
    duration_s = trace.duration_s
    return History.of(
        [
            config_event(scenario, trace),
            *people(duration_s),
            *gauges(duration_s),
            *extra,
            *sent,
            *scan(sent, duration_s + 5),
        ]
    )


def steady_trace(duration_s: float, rate_per_s: float) -> Trace:
    """Messages at a fixed rate, pair after pair."""
    joins = [Action(0, "join", user, user // 2) for user in range(2 * PAIRS + 2)]
    missed = Action(ns(1.5), "send", 2 * PAIRS, PAIRS, "missed", 1, 30)
    sends = [
        Action(
            ns(0.5 + number / rate_per_s),
            "send",
            2 * (number % PAIRS),
            number % PAIRS,
            f"m{number}",
            number // PAIRS + 1,
            30,
        )
        for number in range(int((duration_s - 0.5) * rate_per_s))
    ]
    return Trace.of([*joins, missed, *sends], seed=7, duration_s=duration_s)


def random_messages(trace: Trace, seed: int, slower: float = 1.0, lag_s: float = 0.0) -> list[Event]:
    """Every send of the trace, with hop times drawn around HOPS_S times `slower`."""
    rng = np.random.default_rng(seed)
    sends = trace.frame[(trace.frame.action == "send") & (trace.frame.conv < PAIRS)]
    events: list[Event] = []
    for number, (t_ns, conv) in enumerate(zip(sends["t_ns"].tolist(), sends["conv"].tolist(), strict=True)):
        noise = rng.lognormal(0, 0.7, len(HOPS)) * slower
        hops_s = {hop.name: HOPS_S[hop.name] * factor for hop, factor in zip(HOPS, noise, strict=True)}
        hops_s["lag"] = lag_s * float(noise[0])
        events += message(number, t_ns / 1e9, hops_s, conv, ack_s=0.006 * float(noise[1]) + hops_s["lag"])
    return events


def write_run(
    folder: Path, worlds: Iterable[str] = ("sim", "real"), rate_per_s: float = 60.0, extra: Iterable[Event] = ()
) -> Path:
    """A run folder as a run leaves it, 30 s long with 5 s of warm-up."""
    scenario = small_scenario(30.0, 5.0)
    trace = steady_trace(30.0, rate_per_s)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.toml").write_text(dump_scenario(scenario), encoding="utf-8")
    trace.save(folder / "trace.parquet")
    for world in worlds:
        slower, lag_s = (1.0, 0.0) if world == "sim" else (1.15, 0.0004)
        messages = random_messages(trace, seed=len(world), slower=slower, lag_s=lag_s)
        history(scenario, trace, messages, extra).save(folder / f"history-{world}.parquet")
    facts = {
        "seed": 7,
        "versions": {
            "chatscale": "0.1.0",
            "kafka": "4.3.1",
            "cassandra": "5.0.8",
            "redis": "7.0.15",
            "python": "3.11.7",
        },
        "machine": {"cores": 2, "memory_bytes": 8e9, "processor": "x86_64"},
        "started_at": "2026-11-24T11:41:00Z",
        "replay": "chatscale run whatsapp --seed 7",
        "servers_ready_s": 8.7,
        "provider": "local",
        "warnings": [],
    }
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder
