"""A history told by hand: one line an act, seconds from the start, everybody on one device named after the user.

`clean_story` is a quarter of a minute in which every check finds something to judge and nothing to blame.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.history import History

Event = dict[str, Any]
ROUND_TRIP_S = 0.01


class Story:
    """Collects events. A send is numbered, logged and stored as a healthy system would, unless told otherwise."""

    def __init__(self, members: Mapping[str, Sequence[str]], **settings: Any) -> None:
        design = {"heartbeat_s": 4.0, "presence_ttl_s": 9.0, "conn_ttl_s": 9.0, **settings.pop("design", {})}
        config = {"warm_up_s": 0.0, "thresholds": {}, "members": members, "design": design, **settings}
        self.events: list[Event] = [{"t_ns": 0, "kind": "config", "detail": json.dumps(config)}]
        self._sent: dict[str, Event] = {}
        self._counts: dict[tuple[str, ...], int] = {}

    def open(self, t_s: float, user: str) -> None:
        number = self._next("session", user)
        self._add(t_s, "conn.open", device=user, user=user, session=f"{user}.{number}", gateway="gateway-1")

    def close(self, t_s: float, user: str, cause: str = "bye") -> None:
        self._add(t_s, "conn.close", device=user, user=user, session=self._session(user), cause=cause)

    def send(
        self,
        t_s: float,
        user: str,
        conv: str,
        uuid: str,
        outcome: str = "ok",
        *,
        logged: bool = True,
        stored: bool = True,
    ) -> None:
        cseq = self._next("cseq", user, conv)
        self._add(
            t_s, "send.invoke", device=user, user=user, conv=conv, uuid=uuid, cseq=cseq, hash=f"h-{uuid}", size_bytes=9,
            intended_ns=_ns(t_s),
        )  # fmt: skip
        seq = self._next("seq", conv)
        known = {"conv": conv, "uuid": uuid, "message_id": 1000 + _ns(t_s) // 1_000_000}
        self._sent[uuid] = {**known, "seq": seq}
        if logged:
            offset = self._next("offset")
            self._add(t_s + 0.004, "log.append", **known, partition=int(conv[1:]), offset=offset)
        if stored:
            self._add(t_s + 0.006, "store.row", **known, seq=seq, hash=f"h-{uuid}")
        answer = known if outcome == "ok" else {"conv": conv, "uuid": uuid, "cause": "test"}
        self._add(t_s + ROUND_TRIP_S, f"send.{outcome}", device=user, user=user, **answer)

    def deliver(self, t_s: float, user: str, *uuids: str, via: str = "push", receipt: bool = True) -> None:
        for uuid in uuids:
            who = {"device": user, "user": user, "session": self._session(user), "via": via, **self._sent[uuid]}
            self._add(t_s, "wire.deliver", **who)
            self._add(t_s, "deliver", **who, hash=f"h-{uuid}")
            if receipt:
                self.receipt(t_s, user, uuid, "delivered")

    def receipt(self, t_s: float, user: str, uuid: str, state: str, *, seen: bool = True) -> None:
        conv = self._sent[uuid]["conv"]
        self._add(t_s, "receipt.send", device=user, user=user, conv=conv, uuid=uuid, state=state)
        if seen:
            self.seen(t_s + ROUND_TRIP_S, user, uuid, state)

    def seen(self, t_s: float, reader: str, uuid: str, state: str) -> None:
        conv = self._sent[uuid]["conv"]
        sender = next(e["device"] for e in self.events if e["kind"] == "send.invoke" and e["uuid"] == uuid)
        self._add(
            t_s, "receipt.seen", device=sender, user=sender, conv=conv, uuid=uuid, state=state, reader=reader
        )  # fmt: skip

    def beat(self, t_s: float, user: str, *, stored_after_s: float | None = ROUND_TRIP_S) -> None:
        who = {"device": user, "user": user, "session": self._session(user)}
        self._add(t_s, "heartbeat.sent", **who)
        if stored_after_s is not None:
            self._add(t_s + stored_after_s, "heartbeat.stored", **who)

    def ask(self, t_s: float, user: str, about: str, answer: str, last_seen_s: float | None = None) -> None:
        times = {"start_ns": _ns(t_s - ROUND_TRIP_S)}
        if last_seen_s is not None:
            times["last_seen_ns"] = _ns(last_seen_s)
        self._add(t_s, "presence.read", device=user, user=user, reader=about, state=answer, **times)

    def hear(self, t_s: float, about: str, state: str, device: str | None = None) -> None:
        self._add(t_s, "presence.change", user=about, state=state, device=device)

    def find(self, t_s: float, user: str, gateway: str | None) -> None:
        self._add(t_s, "registry.read", user=user, gateway=gateway, start_ns=_ns(t_s - ROUND_TRIP_S))

    def cursor(self, t_s: float, user: str, conv: str, seq: int) -> None:
        self._add(t_s, "cursor", device=user, user=user, session=self._session(user), conv=conv, cursor=seq)

    def fault(self, start_s: float, stop_s: float, target: str, cause: str) -> None:
        self._add(start_s, "fault.start", target=target, cause=cause)
        self._add(stop_s, "fault.stop", target=target, cause=cause)

    def quiesce(self, t_s: float) -> None:
        self._add(t_s, "quiesce")

    def history(self) -> History:
        return History.of(self.events)

    def _add(self, t_s: float, kind: str, **fields: Any) -> None:
        self.events.append({"t_ns": _ns(t_s), "kind": kind, **fields})

    def _next(self, *counter: str) -> int:
        self._counts[counter] = self._counts.get(counter, 0) + 1
        return self._counts[counter]

    def _session(self, user: str) -> str:
        return f"{user}.{self._counts['session', user]}"


def clean_story() -> Story:
    """Three people, two conversations; u3 leaves at 4 s, misses three messages, and is back at 10 s."""
    h = Story({"c1": ["u1", "u2", "u3"], "c2": ["u1", "u2"]}, thresholds={"delivery_p50": 0.2, "ack_max": 0.1})
    for user in ("u1", "u2", "u3"):
        h.open(0.5, user)
    for i, (uuid, sender) in enumerate([("a1", "u1"), ("a2", "u1"), ("a3", "u2")]):
        h.send(1 + i, sender, "c1", uuid)
        for recipient in {"u1": ("u2", "u3"), "u2": ("u1", "u3")}[sender]:
            h.deliver(1.05 + i, recipient, uuid)
    h.close(4.0, "u3")
    for user in ("u1", "u2"):
        h.beat(4.5, user)
    for i, uuid in enumerate(["b1", "b2", "b3"]):
        h.send(5 + i, "u1", "c1", uuid)
        h.deliver(5.05 + i, "u2", uuid)
        h.send(5.5 + i, "u2", "c2", f"d{i}")
        h.deliver(5.55 + i, "u1", f"d{i}")
    h.receipt(8.2, "u2", "b1", "read")
    for user in ("u1", "u2"):
        h.beat(8.5, user)
    h.open(10.0, "u3")
    h.cursor(10.0, "u3", "c1", 3)
    h.deliver(10.1, "u3", "b1", "b2", "b3", via="resume")
    h.ask(11.0, "u3", "u1", "online", last_seen_s=8.5)
    h.ask(11.2, "u3", "u2", "online")
    h.find(11.3, "u1", "gateway-1")
    h.send(11.5, "u3", "c1", "e1")
    h.send(11.6, "u1", "c1", "e2")
    for recipient in ("u1", "u2"):
        h.deliver(11.55, recipient, "e1")
    for recipient in ("u2", "u3"):
        h.deliver(11.65, recipient, "e2")
    h.quiesce(14.0)
    return h


def changed(events: Sequence[Event], where: Callable[[Event], bool], **fields: Any) -> list[Event]:
    """The events with fields replaced where the condition holds, which must be somewhere."""
    assert any(map(where, events))
    return [{**event, **fields} if where(event) else event for event in events]


def without(events: Sequence[Event], where: Callable[[Event], bool]) -> list[Event]:
    """The events without those for which the condition holds, which must be some."""
    assert any(map(where, events))
    return [event for event in events if not where(event)]


def is_(*kinds: str, **fields: Any) -> Callable[[Event], bool]:
    """A condition: one of the kinds, with these fields."""
    return lambda event: event["kind"] in kinds and all(event.get(name) == value for name, value in fields.items())


def _ns(t_s: float) -> int:
    return round(t_s * 1e9)
