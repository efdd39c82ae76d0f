"""What a device notes in the history: what it does, what reaches it and what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sim.engine.context import Context
from sim.engine.frames import Message, Presence, PresenceChange, Receipt, Shown
from sim.engine.session import Session
from sim.ticks import Tick
from sim.trace import device_name


class Diary:
    """Of one device of a user; `own` names both in every event."""

    def __init__(self, context: Context, user: int, device: int) -> None:
        self._context = context
        self.own = {"device": device_name(user, device), "user": f"u{user}"}

    def session(self, kind: str, session: Session, **fields: Any) -> None:
        """Something of a session."""
        self._context.record(kind, **self.own, session=session.name, **fields)

    def invoked(self, message: Message, began_ns: int, intended_ns: int) -> None:
        """A message was written."""
        what = {"cseq": message.cseq, "uuid": message.uuid, "hash": message.hash, "size_bytes": message.size_bytes}
        times = {"t_ns": began_ns, "intended_ns": intended_ns}
        self._context.record("send.invoke", **self.own, conv=f"c{message.conv}", **what, **times)

    def acknowledged(self, message: Message) -> None:
        """The log has it."""
        ids = {"conv": f"c{message.conv}", "uuid": message.uuid, "message_id": message.message_id}
        self._context.record("send.ok", **self.own, **ids)

    def unknown(self, message: Message) -> None:
        """It never got an answer."""
        what = {"conv": f"c{message.conv}", "uuid": message.uuid, "cause": "no answer"}
        self._context.record("send.info", **self.own, **what)

    def arrived(self, session: Session, frame: Shown) -> None:
        """A message came."""
        self.session("wire.deliver", session, **frame.ids())

    def shown(self, session: Session, frame: Shown) -> None:
        """A message is shown."""
        own = {"cseq": frame.message.cseq, "hash": frame.message.hash, **frame.stamps()}
        self.session("deliver", session, **frame.ids(), **own)

    def receipt_sent(self, receipt: Receipt) -> None:
        """A receipt goes out."""
        for message in receipt.messages:
            what = {"conv": f"c{receipt.conv}", "uuid": message.uuid, "state": receipt.state}
            self._context.record("receipt.send", **self.own, **what)

    def receipts_seen(self, conv: int, ticks: Iterable[Tick]) -> None:
        """What readers say of messages is seen."""
        for reader, state, uuid in ticks:
            what = {"uuid": uuid, "reader": f"u{reader}", "state": state}
            self._context.record("receipt.seen", **self.own, conv=f"c{conv}", **what)

    def presence(self, presence: Presence | PresenceChange) -> None:
        """Who is online."""
        if isinstance(presence, PresenceChange):
            told = {"user": f"u{presence.user}", "state": "online" if presence.online else "offline"}
            self._context.record("presence.change", device=self.own["device"], conv=f"c{presence.conv}", **told)
            return
        for user, online in presence.online.items():
            answer = {"reader": f"u{user}", "state": "online" if online else "offline"}
            seen = {"last_seen_ns": at_ns} if (at_ns := presence.last_seen_ns.get(user)) is not None else {}
            self._context.record("presence.read", **self.own, **answer, **seen, start_ns=presence.start_ns)
