"""The message service: accepts a message, gives it an id, writes it to the log, tells the sender when it is there.

It lives in the gateway's process. Messages of one device are appended in the order in which they were accepted:
`accept` is awaited before the device's next frame is read, the acknowledgement is not.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from realstack.chat.appender import Appender
from realstack.chat.frames import MAX_TEXT_BYTES, Error, Frame, Receipt, Refused, Send, Sent
from realstack.chat.media_ref import MediaRef
from realstack.chat.patience import patiently
from realstack.chat.records import MessageRecord, ReceiptRecord, encode, partition_key
from realstack.chat.settings import Settings
from realstack.chat.shelf import Shelf
from realstack.chat.snowflake import ClockWentBackError, Snowflake, wall_clock_ms
from realstack.chat.store import Store

_MEMBERSHIP_TTL_S = 60.0
_MEMBERSHIP_CACHE = 50_000


class NotAMemberError(Exception):
    """The user does not belong to the conversation, or there is none."""


class Membership:
    """Members of conversations, read from the store and kept for a minute."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[int, tuple[float, frozenset[int]]] = OrderedDict()
        self._sizes: dict[int, int] = {}

    async def of(self, conv: int) -> frozenset[int]:
        """Members of a conversation; empty when there is none."""
        now_s = time.monotonic()
        cached = self._known.get(conv)
        if cached is not None and cached[0] > now_s:
            return cached[1]
        # A frame that was refused for this would be lost: better that the device's next ones wait, too.
        members = frozenset(await patiently(lambda: self._store.members(conv)))
        self._known[conv] = (now_s + _MEMBERSHIP_TTL_S, members)
        if len(self._known) > _MEMBERSHIP_CACHE:
            self._known.popitem(last=False)
        return members

    async def size(self, conv: int) -> int:
        """How many members a conversation has, without reading them; asked for once."""
        if conv not in self._sizes:
            self._sizes[conv] = (await patiently(lambda: self._store.sizes([conv]))).get(conv, 0)
        return self._sizes[conv]

    async def require(self, conv: int, user: int) -> frozenset[int]:
        """Members of a conversation that `user` belongs to. Raises NotAMemberError."""
        members = await self.of(conv)
        if user not in members:
            raise NotAMemberError(f"you are not a member of conversation {conv}")
        return members


class MessageService:
    """One gateway's way into the log."""

    def __init__(
        self,
        settings: Settings,
        messages: Appender,
        receipts: Appender,
        membership: Membership,
        worker: int,
        clock_ms: Callable[[], int] = wall_clock_ms,
        shelf: Shelf | None = None,
        on_append_s: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._messages = messages
        self._receipts = receipts
        self._membership = membership
        self._shelf = shelf
        self._ids = Snowflake(worker, clock_ms)
        self._on_append_s = on_append_s
        self._random_key = settings.choices.partition_key == "random"

    async def accept(self, sender: int, send: Send, reply: Callable[[Frame], object], device: int = 0) -> None:
        """Take a message; `reply` gets `sent` once the log has it, or `refused`.

        It gets an `error` if nobody knows whether the log has it. Raises NotAMemberError, and LogBrokenError where the
        log does not take it. After that error or a LogBrokenError nothing more must be taken from this connection, for
        it would overtake.
        """
        accepted_ns = time.monotonic_ns()
        await self._membership.require(send.conv, sender)
        if len(send.text.encode()) > MAX_TEXT_BYTES:
            reply(Refused(send.uuid, f"the text is longer than {MAX_TEXT_BYTES} bytes"))
            return
        if send.media is not None and not await self._holds(send.conv, send.media):
            reply(Refused(send.uuid, f"conversation {send.conv} holds no such media; upload {send.media.digest} first"))
            return
        try:
            message_id = self._ids.next_id()
        except ClockWentBackError as error:
            reply(Refused(send.uuid, str(error)))
            return
        content = (send.cseq, message_id, send.text, accepted_ns, send.media, device)
        record = MessageRecord(send.conv, send.uuid, sender, *content)
        key = None if self._random_key else partition_key(send.conv)
        appended = await self._messages.send(self._settings.messages_topic, encode(record), key=key)
        appended.add_done_callback(lambda future: self._acknowledge(future, record, reply))

    def _acknowledge(
        self, appended: asyncio.Future[object], record: MessageRecord, reply: Callable[[Frame], object]
    ) -> None:
        _say_if_failed(reply, appended)
        if appended.cancelled() or appended.exception() is not None:
            return
        reply(Sent(record.uuid, record.message_id))
        self._on_append_s((time.monotonic_ns() - record.accepted_ns) / 1e9)

    async def _holds(self, conv: int, media: MediaRef) -> bool:
        shelf = self._shelf
        return shelf is not None and await patiently(lambda: shelf.find(conv, media.digest)) == media

    async def receipt(self, reader: int, receipt: Receipt, reply: Callable[[Frame], object]) -> None:
        """Take a receipt; `reply` gets an `error` if nobody knows whether the log has it. Raises as `accept`.

        A thousand readers would each tell the sender of each message: where messages are read, what a member has read
        is kept as its cursor, and told to nobody.
        """
        members = await self._membership.require(receipt.conv, reader)
        told = not self._settings.choices.is_served_on_read(len(members))
        if not told and receipt.state == "delivered":
            return
        items = [item for item in receipt.items if item.sender in members]
        record = ReceiptRecord(receipt.conv, reader, receipt.state, items, told)
        appended = await self._receipts.send(
            self._settings.receipts_topic, encode(record), key=partition_key(receipt.conv)
        )
        appended.add_done_callback(partial(_say_if_failed, reply))


def _say_if_failed(reply: Callable[[Frame], object], appended: asyncio.Future[object]) -> None:
    if not appended.cancelled() and (error := appended.exception()) is not None:
        reply(Error("unavailable", type(error).__name__))
