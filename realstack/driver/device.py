"""One device: a WebSocket session to a gateway, what it sends until the server has it, what it shows in order.

wanted ──► connect ──► welcome ──► resume ──► … ──► lost or sent away ──► back off ──► connect (another gateway)
                                              └──► disconnect, crash: wanted no more
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from realstack.chat import frames
from realstack.chat.frames import Frame, Message, Receipt, ReceiptItem, Resume, Send
from realstack.driver.attachments import Attachments
from realstack.driver.conversations import Conversations
from realstack.driver.diary import Diary
from realstack.driver.events import Events
from realstack.driver.gaps import Gaps
from realstack.driver.leaving import moment_to_leave
from realstack.driver.outbox import MediaLink, Outbox
from realstack.driver.packing import Attachment, Letter, Packing, Plain, SealError
from sim.pulls import Pulls
from sim.said import Said
from sim.ticks import Ticks

_BACK_OFF_S = (0.1, 3.0)
_CLOSE_TIMEOUT_S = 2.0
_WELCOME_WITHIN_S = 10.0
_RECEIPT_ITEMS = 500  # a frame of more could be larger than a gateway takes

log = logging.getLogger(__name__)


class Device:
    """A user's device; `sign` gives its user's token, `members` who is in its conversations.

    Its sends, receipts and cursors survive its sessions.
    """

    def __init__(
        self,
        user: int,
        gateways: Sequence[str],
        events: Events,
        gap_hold_s: float,
        sign: Callable[[int], str],
        loses_heartbeat: Callable[[str], bool] = lambda _gateway: False,
        media: MediaLink | None = None,
        packing: Packing | None = None,
        device: int = 0,
        members: Mapping[int, Collection[int]] | None = None,
    ) -> None:
        self.user = user
        self.device = device
        self.epoch = 0
        self._gateways = gateways
        self._diary = Diary(events, user, device)
        self._sign = sign
        self._loses_heartbeat = loses_heartbeat
        self._packing = packing or Plain()
        self._attachments = Attachments(user, media, self._packing, self._diary)
        self._outbox = Outbox(self._attachments.upload, self._submit, self._diary.refused)
        self._conversations = Conversations()
        self._unacked: dict[str, tuple[Send, float]] = {}
        self._receipts_due: dict[int, list[ReceiptItem]] = {}
        self._ticks = Ticks(user, members or {})
        self._opened_ns: dict[int, deque[int]] = {}
        self._gaps = Gaps(gap_hold_s, self._conversations.has_gap, self._ask_for_gap, self._give_up_gap)
        self._said = Said[Receipt]()
        self._pulls = Pulls()
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._goodbye: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._one_session = asyncio.Lock()
        self._cause = "lost"
        self.resumed = asyncio.Event()

    @property
    def wanted(self) -> bool:
        """Whether the device means to be connected."""
        return self._task is not None

    @property
    def unacked(self) -> int:
        """Messages that the server has not acknowledged."""
        return len(self._unacked) + len(self._outbox.waiting)

    @property
    def unacked_uuids(self) -> list[tuple[int, str]]:
        """(conversation, UUID) of messages that the server has not acknowledged."""
        unacked = [*(send for send, _ in self._unacked.values()), *self._outbox.waiting]
        return [(send.conv, send.uuid) for send in unacked]

    @property
    def fetching(self) -> int:
        """Media that are being fetched."""
        return self._attachments.fetching

    # What people do.

    def go_online(self) -> None:
        """Connect, and stay so."""
        if self._task is None:
            self._task = asyncio.create_task(self._stay_online())

    def go_offline(self, *, crash: bool = False) -> asyncio.Task[None] | None:
        """Disconnect politely, or abort the socket; the returned task ends when the session has."""
        self._cause = "crash" if crash else "disconnect"
        task, self._task = self._task, None
        self._stay()
        if self._socket is not None:
            if crash:
                self._socket.transport.abort()
            else:
                self._send_receipts()
                self._said.take()  # the gateway hears what comes before a goodbye
                self._goodbye = asyncio.create_task(self._socket.close())
        elif task is not None:
            task.cancel()
        return task

    def send(
        self, conv: int, uuid: str, cseq: int, text: str, intended_ns: int, attachment: Attachment | None = None
    ) -> None:
        """Send a message, now or when its media are up and the next session is; again until it is acknowledged."""
        message, data = self._packing.pack(Send(conv, uuid, cseq, text), attachment)
        self._diary.invoked(message, text, intended_ns)
        self._outbox.post(message, data)

    def _submit(self, message: Send) -> None:
        self._unacked[message.uuid] = (message, time.monotonic())
        self._ticks.wrote(message.conv, message.uuid, self._conversations.cursors.get(message.conv, 0))
        self._write(message)

    def resend_older_than(self, age_s: float) -> None:
        """Send again what has waited for its acknowledgement for too long."""
        now_s = time.monotonic()
        for uuid, (message, since_s) in self._unacked.items():
            if now_s - since_s > age_s and self._socket is not None:
                self._unacked[uuid] = (message, now_s)
                self._write(message)

    def heartbeat(self) -> None:
        """Renew the presence."""
        if self._socket is not None:
            self._diary.heartbeat_sent()
            if not self._loses_heartbeat(self._diary.gateway):
                self._write(frames.Heartbeat())

    def open(self, conv: int) -> None:
        """Open a conversation: ask who is online."""
        if self._socket is not None:
            self._opened_ns.setdefault(conv, deque()).append(time.monotonic_ns())
            self._write(frames.Open(conv))

    def read(self, conv: int) -> None:
        """Read everything shown in a conversation."""
        if self._socket is None:
            return
        self._send_receipts()
        if items := self._conversations.read(conv):
            self._receipt(conv, "read", items)

    def _unpacked(self, message: Message) -> Letter:
        try:
            return self._packing.unpack(message)
        except SealError as error:
            # Shown all the same, as what it looks like: the checks will find that it is not what was written.
            log.warning("device %d: %s", self.user, error)
            return Letter(message.text)

    # The session.

    async def _stay_online(self) -> None:
        # The last session may still be saying goodbye.
        async with self._one_session:
            await self._reconnect_while_wanted()

    async def _reconnect_while_wanted(self) -> None:
        me = asyncio.current_task()
        attempt = 0
        while self._task is me:
            url = self._gateways[(self.user + self.device + attempt) % len(self._gateways)]
            try:
                async with connect(
                    url, compression=None, ping_interval=None, max_size=None, proxy=None, close_timeout=_CLOSE_TIMEOUT_S
                ) as socket:
                    await self._session_on(socket)
            except (OSError, WebSocketException, msgspec.DecodeError) as error:
                log.info("device %d: %r", self.user, error)
            if self._task is me:
                attempt += 1
                await asyncio.sleep(random.uniform(0, min(_BACK_OFF_S[1], _BACK_OFF_S[0] * 2**attempt)))

    async def _session_on(self, socket: ClientConnection) -> None:
        self.epoch += 1
        await socket.send(frames.encode(frames.Hello(self.user, self.epoch, self._sign(self.user), self.device)))
        async with asyncio.timeout(_WELCOME_WITHIN_S):
            welcome = frames.decode_to_device(await socket.recv())
        if not isinstance(welcome, frames.Welcome):
            log.warning("device %d was not welcomed: %s", self.user, welcome)
            return
        self._socket, self._cause = socket, "lost"
        self._diary.opened(self.epoch, welcome.gateway)
        self._opened_ns.clear()
        self._pulls = Pulls()
        self._catch_up()
        try:
            async for data in socket:
                self._take(frames.decode_to_device(data))
        finally:
            self._socket = None
            self._stay()
            self.resumed.clear()
            self._gaps.let_go()
            self._conversations.let_go()
            self._diary.closed(self._cause)

    async def _leave(self, socket: ClientConnection, within_s: float) -> None:
        await moment_to_leave(self._unacked.keys(), within_s)
        self._cause = "go-away"
        self._send_receipts()
        await socket.close()

    def _stay(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()

    def _catch_up(self) -> None:
        unsure = self._said.take()
        self._resume(dict(self._conversations.cursors))
        for message, _ in self._unacked.values():
            self._write(message)
        for receipt in unsure:
            self._say(receipt)
        self._send_receipts()

    def _write(self, frame: Frame) -> None:
        """Write at once: a frame that waited for a task of its own would leave later than its event says."""
        if self._socket is None:
            return
        try:
            self._socket.protocol.send_binary(frames.encode(frame))
            self._socket.send_data()
        except WebSocketException:
            # The session is ending. Sends are kept until they are acknowledged, receipts for the next session.
            log.info("device %d could not say %s any more", self.user, type(frame).__name__)

    # What comes.

    def _take(self, frame: frames.ToDevice) -> None:
        match frame:
            case Message():
                self._message(frame)
            case frames.Sent() | frames.Refused():
                self._answered(frame)
            case frames.Seen() | frames.Reached():
                self._learn(frame)
            case frames.HeartbeatOk():
                self._renewed(frame)
            case frames.Presence():
                self._presence(frame)
            case frames.PresenceChange():
                self._diary.presence_changed(frame)
            case frames.Resumed() | frames.News() | frames.Pulled():
                self._follow(frame)
            case frames.GoAway() if self._socket is not None:
                self._leaving = asyncio.create_task(self._leave(self._socket, frame.within_s))
            case frames.Error():
                log.warning("device %d: %s: %s", self.user, frame.code, frame.detail)

    def _answered(self, frame: frames.Sent | frames.Refused) -> None:
        if (waiting := self._unacked.pop(frame.uuid, None)) is None:
            return
        if isinstance(frame, frames.Sent):
            self._diary.acknowledged(frame.uuid, frame.message_id)
        else:
            self._ticks.end(waiting[0].conv, frame.uuid)
            self._diary.refused(frame.uuid, frame.cause)

    def _follow(self, frame: frames.Resumed | frames.News | frames.Pulled) -> None:
        match frame:
            case frames.Resumed():
                self.resumed.set()
                self._gaps.resumed()
                self._pulls.caught_up()
            case frames.News(conv, position):
                self._pulls.heard(conv, position)
            case frames.Pulled(conv, position):
                self._pulls.came(conv)
                self._conversations.reached(conv, position)
        for conv in self._pulls.due(self._conversations.cursors):
            self._write(frames.Pull(conv, self._conversations.cursors.get(conv, 0)))

    def _renewed(self, frame: frames.HeartbeatOk) -> None:
        self._said.answered()
        self._diary.heartbeat_stored(frame.stored_ns)
        if frame.lapsed:
            self._resume(dict(self._conversations.cursors))

    def _message(self, message: Message) -> None:
        now_ns = time.monotonic_ns()
        self._diary.arrived(message, now_ns)
        for shown in self._conversations.take(message):
            self._show(shown, now_ns)
        self._gaps.watch(message.conv)

    def _show(self, message: Message, now_ns: int) -> None:
        letter = self._unpacked(message)
        self._diary.shown(message, letter.text, now_ns)
        if message.sender == self.user:
            return  # written on another device of the same person: nobody waits for a receipt
        if not self._receipts_due:
            asyncio.get_running_loop().call_soon(self._send_receipts)
        self._receipts_due.setdefault(message.conv, []).append(self._conversations.shown(message))

        self._attachments.fetch(message, letter)

    def _resume(self, cursors: dict[int, int], *, everything: bool = True) -> None:
        self._gaps.resuming()
        self._write(Resume(cursors, everything, self._ticks.awaited() if everything else {}))

    def _ask_for_gap(self, conv: int) -> None:
        self._resume({conv: self._conversations.cursors.get(conv, 0)}, everything=False)

    def _give_up_gap(self, conv: int) -> None:
        for shown in self._conversations.give_up(conv):
            self._show(shown, time.monotonic_ns())

    def _send_receipts(self) -> None:
        if self._socket is None:
            return
        due, self._receipts_due = self._receipts_due, {}
        for conv, items in due.items():
            self._receipt(conv, "delivered", items)

    def _receipt(self, conv: int, state: frames.ReceiptState, items: list[ReceiptItem]) -> None:
        self._diary.receipt_sent(conv, state, items)
        for first in range(0, len(items), _RECEIPT_ITEMS):
            self._say(Receipt(conv, state, items[first : first + _RECEIPT_ITEMS]))

    def _say(self, receipt: Receipt) -> None:
        self._said.say(receipt)
        self._write(receipt)

    def _learn(self, frame: frames.Seen | frames.Reached) -> None:
        if isinstance(frame, frames.Seen):
            ticks = self._ticks.told(frame.conv, frame.reader, frame.state, frame.places)
        else:
            ticks = self._ticks.reached(frame.conv, frame.by_reader, frame.places)
        self._diary.receipts_seen(frame.conv, ticks)

    def _presence(self, frame: frames.Presence) -> None:
        asked = self._opened_ns.get(frame.conv)
        self._diary.presence(frame, asked.popleft() if asked else time.monotonic_ns())
