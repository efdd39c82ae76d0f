"""What moves through the model: messages, and the frames between a device and its gateway.

device → gateway    Hello Resume Send Receipt Heartbeat Open Pull Bye
gateway → device    Welcome Shown Sent Seen Reached Presence PresenceChange Renewed Lapsed Resumed News Pulled GoAway
                    Lost
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sim.history import STAMPS
from sim.trace import Action

_WORKER_STAMPS = tuple(stamp for stamp in STAMPS if stamp not in ("accepted_ns", "pushed_ns"))


@dataclass(slots=True)
class Message:
    """One message; ids and stamps are filled in along its way. `position` orders its conversation.

    `partition` and `offset` are its place in the log.
    """

    conv: int
    uuid: str
    sender: int
    cseq: int
    size_bytes: int
    hash: str
    device: int = 0
    message_id: int = 0
    position: int = 0
    partition: int = -1
    offset: int = -1
    accepted_ns: int = 0
    polled_ns: int = 0
    started_ns: int = 0
    stored_ns: int = 0
    routed_ns: int = 0

    @classmethod
    def of(cls, action: Action) -> Message:
        """The message of a `send` action. The text is imagined; its hash depends on the message alone."""
        digest = hashlib.sha256(f"{action.uuid}:{action.size_bytes}".encode()).hexdigest()[:16]
        return cls(action.conv, action.uuid, action.user, action.cseq, action.size_bytes, digest, action.device)

    def is_same_record(self, other: Message) -> bool:
        """Whether both come from one record of the log, which was delivered twice."""
        return (self.partition, self.offset) == (other.partition, other.offset)


class Hello(NamedTuple):
    """First frame of a session."""


class Resume(NamedTuple):
    """Send what I missed behind the last position shown of each conversation; of `everything`, or of these alone.

    `awaited`: conversations in which I await receipts, and behind which position I know no places (`sim.ticks`).
    """

    cursors: Mapping[int, int]
    everything: bool
    awaited: Mapping[int, int]


class Send(NamedTuple):
    """A new message."""

    message: Message


class Receipt(NamedTuple):
    """`reader` got these messages of one conversation, or has read them (`state`); `told`: their senders hear of it."""

    conv: int
    reader: int
    state: str
    messages: tuple[Message, ...]
    told: bool = True


class Heartbeat(NamedTuple):
    """I am still here."""


class Open(NamedTuple):
    """Who of this conversation is online?"""

    conv: int
    start_ns: int


class Pull(NamedTuple):
    """Send what there is of a conversation after the position last shown."""

    conv: int
    cursor: int


class Bye(NamedTuple):
    """The socket is closed, with or without a goodbye."""


class Welcome(NamedTuple):
    """The session is registered."""


class Shown(NamedTuple):
    """A message for the device, which has to have shown position `prev` before; `pushed_ns` only of a push."""

    message: Message
    prev: int
    pushed_ns: int | None
    via: str = "push"

    def ids(self) -> dict[str, Any]:
        """What a history says of the frame."""
        message = self.message
        ids = {"conv": f"c{message.conv}", "uuid": message.uuid, "message_id": message.message_id}
        seq = {"seq": message.position} if self.prev >= 0 else {}
        return {**ids, **seq, "via": self.via}

    def stamps(self) -> dict[str, int]:
        """The times of its way, of a push."""
        if self.pushed_ns is None:
            return {}
        own = {stamp: getattr(self.message, stamp) for stamp in _WORKER_STAMPS}
        return {**own, "accepted_ns": self.message.accepted_ns, "pushed_ns": self.pushed_ns}


class Sent(NamedTuple):
    """The log has the message."""

    message: Message


class Seen(NamedTuple):
    """A reader's receipt for messages of the device."""

    receipt: Receipt


class Reached(NamedTuple):
    """How far readers have got, delivered and read; and places of the device's own messages, by UUID."""

    conv: int
    by_reader: Mapping[int, tuple[int, int]]
    places: Mapping[str, int]


class Presence(NamedTuple):
    """Who is online: user → yes or no, and when who is not went; the question was asked at `start_ns`."""

    online: Mapping[int, bool]
    last_seen_ns: Mapping[int, int]
    start_ns: int


class PresenceChange(NamedTuple):
    """A member of the open conversation came or went."""

    conv: int
    user: int
    online: bool


class Renewed(NamedTuple):
    """The presence store has the heartbeat since this time."""

    stored_ns: int


class Lapsed(NamedTuple):
    """The registration was gone when the heartbeat renewed it: what was sent meanwhile found nobody."""


class Resumed(NamedTuple):
    """Everything missed has been sent."""


class News(NamedTuple):
    """There are messages of a conversation up to this position: pull them."""

    conv: int
    position: int


class Pulled(NamedTuple):
    """Everything up to this position has been sent."""

    conv: int
    position: int


class GoAway(NamedTuple):
    """The gateway ends within this time: connect to another one, not all at once."""

    within_s: float


class Lost(NamedTuple):
    """Not a frame: the socket broke."""


ToGateway = Hello | Resume | Send | Receipt | Heartbeat | Open | Pull | Bye
ToDevice = (
    Welcome
    | Shown
    | Sent
    | Seen
    | Reached
    | Presence
    | PresenceChange
    | Renewed
    | Lapsed
    | Resumed
    | News
    | Pulled
    | GoAway
    | Lost
)
