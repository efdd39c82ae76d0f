"""What one device notes in the driver's events: the fields of every kind that a device can see (`sim.history`)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from realstack.chat.frames import Message, Presence, PresenceChange, ReceiptItem, ReceiptState, Send
from realstack.chat.media_ref import MediaRef
from realstack.driver.events import Events, text_hash
from sim.history import STAMPS
from sim.ticks import Tick
from sim.trace import device_name

# Read once: what is compared must not differ by the drift between two readings.
_WALL_MINUS_MONOTONIC_NS = time.time_ns() - time.monotonic_ns()


class Diary:
    """One device's part of the events. Times are those of the call unless they are given."""

    def __init__(self, events: Events, user: int, device: int = 0) -> None:
        self._events = events
        self._ids: dict[str, Any] = {"device": device_name(user, device), "user": f"u{user}"}
        self._session: dict[str, Any] = {}
        self.gateway = ""

    def _add(self, kind: str, t_ns: int | None = None, **fields: Any) -> None:
        self._events.add(kind, t_ns, **self._ids, **fields)

    def opened(self, epoch: int, gateway: str) -> None:
        """The session is ready; what follows belongs to it."""
        self._session = {"session": f"{self._ids['device']}.{epoch}"}
        self.gateway = gateway
        self._add("conn.open", **self._session, gateway=gateway)

    def closed(self, cause: str) -> None:
        """The session has ended."""
        self._add("conn.close", **self._session, gateway=self.gateway, cause=cause)

    def invoked(self, send: Send, text: str, intended_ns: int) -> None:
        """A message was sent for the first time; `text` is what was written."""
        self._add(
            "send.invoke",
            conv=f"c{send.conv}",
            uuid=send.uuid,
            cseq=send.cseq,
            hash=text_hash(text, send.media.digest if send.media else ""),
            size_bytes=len(text),
            intended_ns=intended_ns,
        )

    def acknowledged(self, uuid: str, message_id: int) -> None:
        """The server has it."""
        self._add("send.ok", uuid=uuid, message_id=message_id)

    def refused(self, uuid: str, cause: str) -> None:
        """The server does not take it."""
        self._add("send.fail", uuid=uuid, cause=cause)

    def uploaded(self, message: Send, ref: MediaRef, start_ns: int) -> None:
        """The medium of a message is in the store."""
        self._medium("media.put", message, ref, start_ns)

    def fetched(self, message: Message, text: str, ref: MediaRef, start_ns: int, cause: str = "") -> None:
        """The medium of a message came; or it did not, for a cause, and the text is all there is."""
        content = text_hash(text, "" if cause else ref.digest)
        self._medium("media.get", message, ref, start_ns, hash=content, cause=cause or None)

    def _medium(self, kind: str, message: Send | Message, ref: MediaRef, start_ns: int, **more: Any) -> None:
        where: dict[str, Any] = {"conv": f"c{message.conv}", "uuid": message.uuid}
        self._add(kind, None, **where, size_bytes=ref.size_bytes, start_ns=start_ns, **more)

    def heartbeat_sent(self) -> None:
        """The presence is to be renewed."""
        self._add("heartbeat.sent", **self._session)

    def heartbeat_stored(self, stored_ns: int) -> None:
        """The presence was renewed at this time."""
        self._add("heartbeat.stored", stored_ns, **self._session)

    def arrived(self, message: Message, now_ns: int) -> None:
        """A message came, maybe not for the first time."""
        self._add("wire.deliver", now_ns, **self._session, **_told_by(message))

    def shown(self, message: Message, text: str, now_ns: int) -> None:
        """A message was shown with this text; one that was pushed carries the stamps of its way."""
        stamps: dict[str, Any] = {name: getattr(message, name) or None for name in STAMPS}
        self._add(
            "deliver",
            now_ns,
            **self._session,
            **_told_by(message),
            cseq=message.cseq,
            hash=text_hash(text, message.media.digest if message.media else ""),
            **(stamps if message.via == "push" else {}),
        )

    def receipt_sent(self, conv: int, state: ReceiptState, items: Iterable[ReceiptItem]) -> None:
        """These messages were delivered here, or read."""
        for item in items:
            self._add("receipt.send", conv=f"c{conv}", uuid=item.uuid, state=state)

    def receipts_seen(self, conv: int, ticks: Iterable[Tick]) -> None:
        """Readers have some of our messages, or have read them."""
        for reader, state, uuid in ticks:
            self._add("receipt.seen", conv=f"c{conv}", uuid=uuid, state=state, reader=f"u{reader}")

    def presence(self, answer: Presence, start_ns: int) -> None:
        """Who is online, asked at `start_ns`."""
        for state, users in (("online", answer.online), ("offline", answer.offline)):
            for user in users:
                seen_ms = answer.last_seen_ms.get(user)
                seen = {} if seen_ms is None else {"last_seen_ns": seen_ms * 1_000_000 - _WALL_MINUS_MONOTONIC_NS}
                self._add("presence.read", reader=f"u{user}", state=state, start_ns=start_ns, **seen)

    def presence_changed(self, change: PresenceChange) -> None:
        """Somebody in the open conversation came or went; it is their name that stands in the event."""
        about: dict[str, Any] = {"user": f"u{change.user}", "state": "online" if change.online else "offline"}
        self._events.add("presence.change", device=self._ids["device"], conv=f"c{change.conv}", **about)


def _told_by(message: Message) -> dict[str, Any]:
    return {
        "conv": f"c{message.conv}",
        "uuid": message.uuid,
        "message_id": message.message_id,
        "seq": message.position if message.prev >= 0 else None,
        "via": message.via,
    }
