"""What a device and its gateway say to each other: one JSON object a WebSocket frame, its type in `t`.

    device → gateway    hello resume send receipt heartbeat open close pull fetch search
    gateway → device    welcome message resumed sent refused seen reached heartbeat_ok presence presence_change news
                        pulled page found go_away error

A message carries the stamps of its way (`sim.hops`), nanoseconds of the machine's monotonic clock.
Decoding validates: a frame with a wrong type or a missing field never reaches the code behind.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from realstack.chat.media_ref import MediaRef
from sim.addresses import MOST_DEVICES

MAX_TEXT_BYTES = 16_384
MAX_FRAME_BYTES = 65_536

ReceiptState = Literal["delivered", "read"]
# What the store's columns hold: an id that is larger would fail behind the log, where a record is tried for ever.
Id = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Position = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
DeviceNumber = Annotated[int, msgspec.Meta(ge=0, lt=MOST_DEVICES)]
Uuid = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Token = Annotated[str, msgspec.Meta(max_length=512)]


class Frame(msgspec.Struct, forbid_unknown_fields=True, tag_field="t"):
    """Any frame."""


class Hello(Frame, tag="hello"):
    """First frame of a connection: who, which session, the proof, and on which of the user's devices.

    `epoch` grows with each session of a device.
    """

    user: Id
    epoch: Id
    token: Token
    device: DeviceNumber = 0


class Resume(Frame, tag="resume", omit_defaults=True):
    """Send what I missed. `cursors`: conversation → position last shown; `everything`: the other conversations too.

    `awaited`: conversations in which I await receipts, and the position behind which I do not know where my own
    messages stand (`sim.ticks`).
    """

    cursors: dict[Id, Position]
    everything: bool = True
    awaited: dict[Id, Position] = {}


class Send(Frame, tag="send", omit_defaults=True):
    """A new message: the client's UUID, and its number in this conversation on this device; maybe what goes with it."""

    conv: Id
    uuid: Uuid
    cseq: Id
    text: str
    media: MediaRef | None = None


class ReceiptItem(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One message that a receipt speaks of."""

    uuid: Uuid
    sender: Id
    position: Position


class Receipt(Frame, tag="receipt"):
    """These messages were delivered to me, or read by me."""

    conv: Id
    state: ReceiptState
    items: list[ReceiptItem]


class Heartbeat(Frame, tag="heartbeat"):
    """I am still here."""


class Open(Frame, tag="open"):
    """I opened a conversation: who of it is online?"""

    conv: Id


class Close(Frame, tag="close"):
    """I closed the conversation: tell me no more of its members."""


class Pull(Frame, tag="pull"):
    """Send what there is of a conversation after the position last shown."""

    conv: Id
    cursor: Position


class Fetch(Frame, tag="fetch"):
    """Show me the newest messages of a conversation, or those before a position."""

    conv: Id
    before: Position | None = None


class Search(Frame, tag="search"):
    """Show me the newest messages of a conversation, or those before a position, that have all these words."""

    conv: Id
    words: str
    before: Position | None = None


class Welcome(Frame, tag="welcome"):
    """The session is registered."""

    gateway: str


class Message(Frame, tag="message"):
    """A message for the device. `position` orders the conversation.

    `prev` is the position that this device has to have shown before (0: none; -1: the design gives no such promise).
    """

    conv: int
    uuid: str
    sender: int
    cseq: int
    message_id: int
    position: int
    prev: int
    text: str
    via: Literal["push", "pull", "resume", "history"]
    media: MediaRef | None = None
    accepted_ns: int = 0
    polled_ns: int = 0
    started_ns: int = 0
    stored_ns: int = 0
    routed_ns: int = 0
    pushed_ns: int = 0


class Resumed(Frame, tag="resumed"):
    """Everything missed has been sent: so many messages."""

    count: int


class Sent(Frame, tag="sent"):
    """The log has the message."""

    uuid: str
    message_id: int


class Refused(Frame, tag="refused"):
    """The message was not accepted and does not exist."""

    uuid: str
    cause: str


class Seen(Frame, tag="seen"):
    """A reader has your messages, or has read them. `places`: UUID → position."""

    conv: int
    reader: int
    state: ReceiptState
    places: dict[str, int]


class Reached(Frame, tag="reached"):
    """How far others have got in a conversation: reader → position delivered, position read.

    `places` of the device's own messages behind the position that it asked for: UUID → position.
    """

    conv: int
    by_reader: dict[int, tuple[int, int]]
    places: dict[str, int]


class HeartbeatOk(Frame, tag="heartbeat_ok"):
    """The presence store renewed you at this time. `lapsed`: you were not registered before, so nothing was pushed."""

    stored_ns: int
    lapsed: bool = False


class Presence(Frame, tag="presence"):
    """Members of a conversation that are online now, and when those who are not went, in ms since 1970."""

    conv: int
    online: list[int]
    offline: list[int]
    last_seen_ms: dict[int, int] = {}


class PresenceChange(Frame, tag="presence_change"):
    """A member of the conversation that is open came or went, where the design has a subscription."""

    conv: int
    user: int
    online: bool


class News(Frame, tag="news"):
    """There are messages of a conversation up to this position, which is not pushed: pull them."""

    conv: int
    position: int


class Pulled(Frame, tag="pulled"):
    """Everything up to this position has been sent."""

    conv: int
    position: int


class Page(Frame, tag="page"):
    """Messages, newest first, one's own too. `before`: where to go on, 0 at the beginning of the conversation.

    A page may be short, even empty, and yet not the last.
    """

    conv: int
    messages: list[Message]
    before: int


class Found(Frame, tag="found"):
    """Messages with the words, newest first; `before` as of a page."""

    conv: int
    messages: list[Message]
    before: int


class GoAway(Frame, tag="go_away"):
    """The gateway ends within this time: connect to another one, not all at once."""

    within_s: float


class Error(Frame, tag="error"):
    """A frame could not be honoured. The connection lives on, unless it was a breach of `policy`."""

    code: str
    detail: str


ToGateway = Hello | Resume | Send | Receipt | Heartbeat | Open | Close | Pull | Fetch | Search
ToDevice = (
    Welcome
    | Message
    | Resumed
    | Sent
    | Refused
    | Seen
    | Reached
    | HeartbeatOk
    | Presence
    | PresenceChange
    | News
    | Pulled
    | Page
    | Found
    | GoAway
    | Error
)

_to_gateway = msgspec.json.Decoder(ToGateway)
_to_device = msgspec.json.Decoder(ToDevice)
_encoder = msgspec.json.Encoder()


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    return _encoder.encode(frame)


def decode_to_gateway(data: bytes | str) -> ToGateway:
    """A frame from a device. Raises msgspec.DecodeError (also for wrong types) and nothing else."""
    frame: ToGateway = _decode(_to_gateway, data)
    return frame


def decode_to_device(data: bytes | str) -> ToDevice:
    """A frame from a gateway. Raises msgspec.DecodeError."""
    frame: ToDevice = _decode(_to_device, data)
    return frame


def _decode(decoder: msgspec.json.Decoder[Any], data: bytes | str) -> Any:
    try:
        return decoder.decode(data)
    except (UnicodeError, RecursionError) as error:
        raise msgspec.DecodeError(f"JSON is malformed: {error}") from None


def stamp_pushed(frame: bytes, pushed_ns: int) -> bytes:
    """An encoded `message` with its last stamp set; a worker leaves it 0 and last, so nothing is decoded."""
    return frame[: frame.rindex(b":") + 1] + b"%d}" % pushed_ns
