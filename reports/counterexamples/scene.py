"""A counter-example as a picture: who stands on which lifeline, what happens in which row, and which arrows join it.

    u3        log       store      u5            one row an event, time downwards
    ● writes A                                   Dot(row, life, text)
       ╲
        ● A at offset 2                          Arrow(from row and life, to row and life)
                   ╲
                    ● A stored
                            ╌ ╌ ╌ ✗ never shows A   what should have happened: an arrow that does not arrive

Lifelines stand in the way of a message: those who write, log, store, presence, registry, and those who only read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.counterexamples.shrink import Counterexample

_PLACES = {
    "log.append": "log",
    "store.row": "store",
    "heartbeat.stored": "presence",
    "presence.change": "presence",
    "registry.read": "registry",
}
_MIDDLE = ("log", "store", "presence", "registry")
_NEVER_SHOWN = {"lost", "skipped", "cursor_late_insert", "resume_gap", "sender_gap", "unseen_tail"}
_REACHED = {"send.invoke": 0, "log.append": 1, "store.row": 2}
_BANDS = ("fault.start", "fault.stop", "quiesce", "config")

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dot:
    """One event on its lifeline. `message` is the number of its message, −1 without one."""

    row: int
    life: str
    text: str
    convicting: bool
    message: int
    t_ns: int


@dataclass(frozen=True, slots=True)
class Arrow:
    """What went from one lifeline to another; one that is `missing` never arrived."""

    start: tuple[int, str]
    end: tuple[int, str]
    message: int
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """Rows during which something held: a fault, or that a device was connected (`life`)."""

    first: int
    last: int
    text: str
    life: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is drawn. `messages` are captions in the order of numbers; `quiet` is the row of quiesce, or −1."""

    check: str
    note: str
    lives: tuple[str, ...]
    dots: tuple[Dot, ...]
    arrows: tuple[Arrow, ...]
    bands: tuple[Band, ...]
    messages: tuple[str, ...]
    quiet: int
    rows: int


def letter(message: int) -> str:
    """A, B, C … in the order in which messages appear."""
    return chr(ord("A") + message) if message < 26 else f"M{message + 1}"


def scene(found: Counterexample) -> Scene:
    """What to draw for a counter-example."""
    return _Stage(found).scene()


class _Stage:
    """The events in rows, and the names of the messages."""

    def __init__(self, found: Counterexample) -> None:
        frame = found.history.frame
        columns = {str(name): frame[name].astype(object).where(frame[name].notna(), None) for name in frame}
        events = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        numbered = [pair for pair in zip(found.numbers, events, strict=True) if pair[1]["kind"] != "config"]
        self.found = found
        self.events: list[Event] = [event for _, event in numbered]
        self.convicting = [number in found.convicting for number, _ in numbered]
        self.uuids = list(dict.fromkeys(event["uuid"] for event in self.events if event["uuid"]))

    def scene(self) -> Scene:
        missing = list(self._missing())
        dots = tuple(
            Dot(row, _life(event), self._text(event), self.convicting[row], self._message(event), event["t_ns"])
            for row, event in enumerate(self.events)
            if event["kind"] not in _BANDS
        )
        quiet = next((row for row, event in enumerate(self.events) if event["kind"] == "quiesce"), -1)
        return Scene(
            check=self.found.check,
            note=self.found.note,
            lives=self._lives([dot.life for dot in dots]),
            dots=dots,
            arrows=(*self._arrows(), *missing),
            bands=(*self._faults(), *self._sessions()),
            messages=tuple(self._caption(uuid) for uuid in self.uuids),
            quiet=quiet,
            rows=len(self.events) + bool(missing),
        )

    def _message(self, event: Event) -> int:
        return self.uuids.index(event["uuid"]) if event["uuid"] else -1

    def _lives(self, seen: list[str]) -> tuple[str, ...]:
        writers = [event["device"] for event in self.events if event["kind"].startswith("send.")]
        others = [name for name in seen if name not in _MIDDLE and name not in writers]
        return tuple(dict.fromkeys([*writers, *(name for name in _MIDDLE if name in seen), *others]))

    def _arrows(self) -> Iterator[Arrow]:
        for row, event in enumerate(self.events):
            start = self._origin(row, event)
            if start is not None and (life := _life(event)) != _life(self.events[start]):
                yield Arrow((start, _life(self.events[start])), (row, life), self._message(event))

    def _origin(self, row: int, event: Event) -> int | None:
        """The row of what this event answers, None if it stands for itself."""
        before = range(row - 1, -1, -1)
        kinds = {
            "log.append": ("send.invoke",),
            "store.row": ("log.append", "send.invoke"),
            "send.ok": ("log.append",),
            "wire.deliver": ("log.append", "send.invoke"),
            "deliver": ("wire.deliver", "log.append", "send.invoke"),
        }.get(event["kind"], ())
        same = [r for r in before if event["uuid"] and self.events[r]["uuid"] == event["uuid"]]
        if event["kind"] == "deliver":
            same = [
                r for r in same if self.events[r]["kind"] != "wire.deliver" or _life(self.events[r]) == _life(event)
            ]
        if event["kind"] == "receipt.seen":
            return next((r for r in same if _says(self.events[r], event)), None)
        if event["kind"] == "heartbeat.stored":
            return next((r for r in before if _beat(self.events[r], event)), None)
        return next((r for kind in kinds for r in same if self.events[r]["kind"] == kind), None)

    def _missing(self) -> Iterator[Arrow]:
        """What the convicting events say should have been shown and never was."""
        if self.found.check not in _NEVER_SHOWN:
            return
        guilty = [event for event, convicts in zip(self.events, self.convicting, strict=True) if convicts]
        readers = {_life(event) for event in guilty if event["kind"] in ("deliver", "conn.open")}
        for uuid in {event["uuid"] for event in guilty if event["uuid"]}:
            way = [r for r, event in enumerate(self.events) if event["uuid"] == uuid]
            writer = {self.events[r]["device"] for r in way if self.events[r]["kind"].startswith("send.")}
            for reader in readers - writer:
                if not any(self.events[r]["kind"] == "deliver" and _life(self.events[r]) == reader for r in way):
                    last = max(way, key=lambda r: (_REACHED.get(self.events[r]["kind"], -1), -r))
                    yield Arrow(
                        (last, _life(self.events[last])), (len(self.events), reader), self.uuids.index(uuid), True
                    )

    def _faults(self) -> Iterator[Band]:
        for row, event in enumerate(self.events):
            if event["kind"] == "fault.start":
                stops = (r for r, e in enumerate(self.events) if e["kind"] == "fault.stop" and _same_fault(e, event))
                last = next((r for r in stops if r > row), len(self.events))
                yield Band(row, last, f"{event['target']}: {event['cause']}")

    def _sessions(self) -> Iterator[Band]:
        for row, event in enumerate(self.events):
            if event["kind"] == "conn.open":
                closes = (r for r, e in enumerate(self.events) if e["kind"] == "conn.close")
                ours = (r for r in closes if self.events[r]["session"] == event["session"])
                yield Band(row, next(ours, len(self.events)), event["session"] or "", _life(event))

    def _caption(self, uuid: str) -> str:
        known = [event for event in self.events if event["uuid"] == uuid]
        writer = next((event["device"] for event in known if event["kind"].startswith("send.")), None)
        fields = ("cseq", "seq", "message_id")
        cseq, seq, number = (next((e[name] for e in known if e[name] is not None), None) for name in fields)
        words = [
            f"number {cseq} by {writer}" if cseq is not None and writer else f"by {writer}" if writer else "",
            "" if seq is None else f"place {seq}",
            "" if number is None else f"id {_end(number)}",
        ]
        return ", ".join(filter(None, (_end(uuid), *words)))

    def _text(self, event: Event) -> str:
        name = letter(self._message(event)) if event["uuid"] else ""
        state, user = event["state"], event["reader"] if event["reader"] else event["user"]
        texts = {
            "send.invoke": f"writes {name}",
            "send.ok": f"{name} acknowledged",
            "send.fail": f"{name} refused",
            "send.info": f"no answer for {name}",
            "log.append": f"{name} at {event['partition']}/{event['offset']}",
            "store.row": f"{name} stored",
            "wire.deliver": f"receives {name}{_via(event)}",
            "deliver": f"shows {name}{_via(event)}",
            "push": f"notified of {name}",
            "receipt.send": f"says: {name} {state}",
            "receipt.seen": f"learns: {name} {state}",
            "conn.open": "connects",
            "conn.close": f"leaves ({event['cause']})" if event["cause"] else "leaves",
            "heartbeat.sent": "heartbeat",
            "heartbeat.stored": f"{user} renewed",
            "presence.read": f"told: {user} {state}",
            "presence.change": f"{user} {state}",
            "registry.read": f"{user}: {event['gateway'] or 'nowhere'}",
            "cursor": f"has read to {event['cursor']}",
        }
        return texts.get(event["kind"], str(event["kind"]))


def _life(event: Event) -> str:
    return str(_PLACES.get(event["kind"]) or event["device"] or event["user"] or event["kind"])


def _end(name: object) -> str:
    return f"…{str(name)[-4:]}" if len(str(name)) > 4 else str(name)


def _via(event: Event) -> str:
    return " (resume)" if event["via"] == "resume" else ""


def _says(said: Event, seen: Event) -> bool:
    return bool(said["kind"] == "receipt.send" and said["state"] == seen["state"] and said["user"] == seen["reader"])


def _beat(sent: Event, stored: Event) -> bool:
    return bool(sent["kind"] == "heartbeat.sent" and sent["session"] == stored["session"])


def _same_fault(one: Event, other: Event) -> bool:
    return bool(one["target"] == other["target"] and one["cause"] == other["cause"])
