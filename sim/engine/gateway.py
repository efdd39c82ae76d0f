"""The gateway: sessions on one side, deliveries from the workers on the other, the message service inside.

    Send      ─► receive (accepted) ─► member? ─► message id ─► producer ┄► Sent, when the log has it
    Receipt   ─► receive ─► producer
    Heartbeat ─► receive ─► presence store ─► Renewed
    Open      ─► receive ─► presence store ─► Presence … PresenceChange
    Resume    ─► receive ─► store, conversation by conversation, beside all other frames ─► Shown … Reached … Resumed
    Pull      ─► receive ─► store, beside all other frames ─► Shown … Pulled

Frames of one session are honoured one after the other; all of the gateway's work shares one event loop. A gateway that
was killed or drained is another one when it comes back: without sessions, and with a new loop.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple

import simpy

from sim.engine.context import Context, Process
from sim.engine.followers import Followers
from sim.engine.frames import (
    Bye,
    GoAway,
    Heartbeat,
    Hello,
    Lapsed,
    Message,
    News,
    Open,
    Pull,
    Pulled,
    Receipt,
    Renewed,
    Resume,
    Seen,
    Send,
    Sent,
    Shown,
    ToDevice,
    ToGateway,
    Welcome,
)
from sim.engine.log import RECEIPT_LINGER_S, Log, Producer
from sim.engine.presence import Registry
from sim.engine.resume import Reader
from sim.engine.session import Session
from sim.engine.store import Store
from sim.engine.subscriptions import presence_of

_LEAVE_WITHIN_S = 2.0
_LEAVE_SLACK_S = 0.5
_LOOK_EVERY_S = 0.01


class Delivery(NamedTuple):
    """One frame for some addresses at one gateway: a message with its `prev`, or a receipt; or news for followers."""

    addresses: tuple[int, ...]
    content: Message | Receipt | News
    prev: int = -1


class Snowflake:
    """Message ids of one gateway: milliseconds of its clock, 10 bits of gateway, 12 bits of counter."""

    def __init__(self, context: Context, gateway: int) -> None:
        self._context = context
        self._gateway = gateway
        self._name = f"gateway-{gateway}"
        self._last_ms = 0
        self._counter = 0

    def next_id(self) -> int:
        """The next id; a full millisecond borrows from the next, a clock that went back waits at the last."""
        now_ms = (self._context.now_ns + self._context.skew_ns.get(self._name, 0)) // 1_000_000
        if now_ms > self._last_ms:
            self._last_ms, self._counter = now_ms, 0
        else:
            self._counter += 1
            if self._counter == 4096:
                self._last_ms, self._counter = self._last_ms + 1, 0
        return self._last_ms << 22 | self._gateway << 12 | self._counter


class Gateway:
    """Gateway 1, 2 …"""

    def __init__(
        self,
        context: Context,
        number: int,
        log: Log,
        store: Store,
        registry: Registry,
        memberships: Mapping[int, Sequence[int]],
    ) -> None:
        self.number = number
        self.name = f"gateway-{number}"
        self._context = context
        self.died = context.env.event()
        self._draining = False
        self.loop = context.event_loop(self.name)
        self._messages = Producer(log, self.loop, context.design.linger_s)
        self._receipts = Producer(log, self.loop, RECEIPT_LINGER_S)
        self._store = store
        self._registry = registry
        self._ids = Snowflake(context, number)
        # By address that is here; by name every socket that is not closed.
        self._sessions: dict[int, Session] = {}
        self._sockets: dict[str, Session] = {}
        self._known_members: set[int] = set()
        self._followers = Followers(context, registry, number)
        self._presence = presence_of(context, registry, lambda: self._work("redis"), self._push)
        self._reader = Reader(context, store, memberships, self._followers, self._work, self._push)
        if context.design.fan_out != "write":
            context.env.process(self._followers.renew())

    def _work(self, operation: str, times: int = 1) -> simpy.Event:
        return self.loop.run(self._context.profile.cpu_s(f"gateway.{operation}") * times)

    def serve(self, session: Session) -> Process:
        """A process: one connection from hello to goodbye."""
        self._sockets[session.name] = session
        if self.loop.stopped:
            yield self.loop.awake()
            if not session.open:
                del self._sockets[session.name]
                return
        while True:
            if not session.inbox:
                yield session.inbox.filled()
            for frame in session.inbox.take():
                yield from self._honour(session, frame)
                if isinstance(frame, Bye):
                    del self._sockets[session.name]
                    return

    @property
    def accepts(self) -> bool:
        """Whether a device can connect."""
        return not self._draining and not self.died.triggered

    def drain(self) -> Process:
        """Send the devices elsewhere; end when they are gone and the log has all, or when they have had their time."""
        self._draining = True
        for session in self._sessions.values():
            self._push(session, GoAway(_LEAVE_WITHIN_S))
        until_s = self._context.env.now + _LEAVE_WITHIN_S + _LEAVE_SLACK_S
        while (self._sockets or self._unanswered) and self._context.env.now < until_s:
            yield self._context.env.timeout(_LOOK_EVERY_S)
        self.kill()

    def kill(self) -> None:
        """Die. Nothing under way in here goes on, and the sockets break."""
        self.loop.stop()
        self.died.succeed()
        for session in self._sockets.values():
            self._presence.close(session)
            session.break_off()

    def _honour(self, session: Session, frame: ToGateway) -> Process:
        if isinstance(frame, Hello):
            yield from self._welcome(session)
            return
        yield self._work("receive")
        match frame:
            case Send(message):
                yield from self._accept(session, message)
            case Receipt():
                yield from self._take_receipt(frame)
            case Heartbeat():
                if not self._context.loses_heartbeat(self.name):
                    yield from self._beat(session)
            case Open(conv, start_ns):
                yield from self._require_members(conv)
                yield from self._presence.open(session, conv, start_ns)
            case Resume():
                self._context.env.process(self._reader.resume(session, frame))
            case Pull():
                self._context.env.process(self._pull(session, frame))
            case _:
                yield from self._forget(session)

    def _welcome(self, session: Session) -> Process:
        yield self._work("connect")
        self._sessions[session.address] = session
        yield from self._renew(session)
        self._push(session, Welcome())
        if self._draining:
            self._push(session, GoAway(_LEAVE_WITHIN_S))

    def _beat(self, session: Session) -> Process:
        lapsed = yield from self._renew(session)
        self._push(session, Renewed(self._context.now_ns))
        if lapsed:
            self._push(session, Lapsed())

    def _renew(self, session: Session) -> Generator[simpy.Event, Any, bool]:
        yield self._work("redis")
        return (yield from self._registry.renew(session.address, session.epoch, self.number))

    def _forget(self, session: Session) -> Process:
        if self._sessions.get(session.address) is session:
            del self._sessions[session.address]
        self._followers.forget(session)
        self._presence.close(session)
        yield self._work("redis")
        yield from self._registry.forget(session.address, session.epoch, self.number)

    def _accept(self, session: Session, message: Message) -> Process:
        message.accepted_ns = self._context.now_ns
        yield from self._require_members(message.conv)
        yield self._work("send")
        message.message_id = self._ids.next_id()
        appended = self._messages.send(message)
        appended.callbacks.append(lambda _: self._push(session, Sent(message)))

    @property
    def _unanswered(self) -> int:
        return self._messages.unanswered + self._receipts.unanswered

    def _require_members(self, conv: int) -> Process:
        if conv not in self._known_members:
            self._known_members.add(conv)
            yield self._work("query")
            yield from self._store.read(conv)

    def _take_receipt(self, receipt: Receipt) -> Process:
        yield from self._require_members(receipt.conv)
        told = not self._context.design.is_served_on_read(len(self._context.members[receipt.conv]))
        if told or receipt.state == "read":
            yield self._work("receipt")
            self._receipts.send(receipt._replace(told=told))

    def _push(self, session: Session, frame: ToDevice) -> None:
        self._work("push").callbacks.append(lambda _: session.to_device(frame))

    def _pull(self, session: Session, request: Pull) -> Process:
        yield from self._require_members(request.conv)
        position = yield from self._reader.pull(session, request)
        self._push(session, Pulled(request.conv, position))

    def deliver(
        self, deliveries: Sequence[Delivery], deadline_s: float
    ) -> Generator[simpy.Event, Any, list[tuple[int, ...]]]:
        """DeliverMessage: push to the sessions that are here; the value is who is not, a tuple for each delivery.

        After the deadline the caller has gone, and nothing is pushed.
        """
        yield self._work("call")
        if self._context.env.now > deadline_s:
            return []
        pushed_ns = self._context.now_ns
        return [self._deliver_one(delivery, pushed_ns) for delivery in deliveries]

    def _deliver_one(self, delivery: Delivery, pushed_ns: int) -> tuple[int, ...]:
        content = delivery.content
        if isinstance(content, News):
            for session in self._followers.of(content.conv):
                self._push(session, content)
            return ()
        frame = Shown(content, delivery.prev, pushed_ns) if isinstance(content, Message) else Seen(content)
        for address in delivery.addresses:
            if address in self._sessions:
                self._push(self._sessions[address], frame)
        return tuple(address for address in delivery.addresses if address not in self._sessions)
