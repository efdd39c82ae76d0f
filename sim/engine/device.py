"""A user's device, in the one driver process: does what the trace says, shows what arrives, answers with receipts.

Shown ─► seen before? drop ─► an earlier one missing? hold, at most gap_hold_s ─► show ─► `delivered` receipt
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import simpy

from sim.engine.context import Context, Process, Wire
from sim.engine.frames import (
    Bye,
    Heartbeat,
    Hello,
    Message,
    Open,
    Presence,
    Receipt,
    Resume,
    Seen,
    Send,
    Sent,
    Shown,
    ToDevice,
    Welcome,
)
from sim.engine.gateway import Gateway
from sim.engine.session import Session
from sim.history import STAMPS
from sim.trace import Action

_WORKER_STAMPS = tuple(stamp for stamp in STAMPS if stamp not in ("accepted_ns", "pushed_ns"))


class Device:
    """The device of one user. It keeps its cursors over all of its sessions."""

    def __init__(self, context: Context, user: int, gateway: Gateway) -> None:
        self._context = context
        self._gateway = gateway
        self._driver = context.processes["driver"]
        self._user = user
        self._own = {"device": f"u{user}", "user": f"u{user}"}
        self._session: Session | None = None
        self._epoch = 0
        self._ready: simpy.Event = context.env.event()
        self._due = Wire(context, "lag", lambda action: context.env.process(self._perform(action)))
        self._cursors: dict[int, int] = {}
        self._shown: set[str] = set()
        self._held: dict[int, dict[int, Shown]] = defaultdict(dict)
        self._unread: dict[int, list[Message]] = defaultdict(list)
        self._unanswered: dict[str, Message] = {}

    @property
    def online(self) -> bool:
        """Whether the device has a session, or is about to."""
        return self._session is not None

    def do(self, action: Action) -> None:
        """Begin an action of the trace now, the driver's lateness later; actions keep their order."""
        self._due.send(action)

    def _perform(self, action: Action) -> Process:
        if action.action == "connect":
            yield from self.connect()
            return
        session = self._session
        if session is not None and not self._ready.triggered:
            yield self._ready
        yield from self._work("frame")
        if session is None or session is not self._session:
            self._miss(action)
            return
        match action.action:
            case "send":
                self._send(session, action)
            case "read":
                self._read(session, action.conv)
            case "heartbeat":
                self._context.record("heartbeat.sent", **self._own, session=session.name)
                session.to_gateway(Heartbeat())
            case "open":
                session.to_gateway(Open(action.conv, self._context.now_ns))
            case _:
                self._close(session, action.action)

    def _work(self, operation: str) -> Process:
        yield self._driver.run(self._context.profile.cpu_s(f"driver.{operation}"))

    def connect(self) -> Process:
        """Open a session, unless there is one; the first frames are hello and, once welcome, resume."""
        if self._session is not None:
            return
        self._epoch += 1
        session = self._session = Session(self._context, self._user, self._epoch, self._receive)
        self._ready = self._context.env.event()
        yield from self._work("connect")
        self._context.env.process(self._gateway.serve(session))
        session.to_gateway(Hello())

    def _close(self, session: Session, cause: str) -> None:
        session.open = False
        self._session = None
        # What was not shown is behind the cursor and comes again with the next session.
        self._held.clear()
        self._record_session("conn.close", session, cause=cause)
        for message in self._unanswered.values():
            self._context.record("send.info", **self._own, conv=f"c{message.conv}", uuid=message.uuid, cause=cause)
        self._unanswered.clear()
        session.to_gateway(Bye())

    def _record_session(self, kind: str, session: Session, **fields: str) -> None:
        self._context.record(kind, **self._own, session=session.name, gateway=self._gateway.name, **fields)

    def _send(self, session: Session, action: Action) -> None:
        message = Message.of(action)
        self._record_invoke(message, action.t_ns)
        self._unanswered[message.uuid] = message
        session.to_gateway(Send(message))

    def _record_invoke(self, message: Message, intended_ns: int) -> None:
        self._context.record(
            "send.invoke",
            **self._own,
            conv=f"c{message.conv}",
            cseq=message.cseq,
            uuid=message.uuid,
            hash=message.hash,
            size_bytes=message.size_bytes,
            intended_ns=intended_ns,
        )

    def _miss(self, action: Action) -> None:
        if action.action == "send":
            message = Message.of(action)
            self._record_invoke(message, action.t_ns)
            self._context.record("send.info", **self._own, conv=f"c{message.conv}", uuid=message.uuid, cause="offline")

    def _read(self, session: Session, conv: int) -> None:
        if messages := self._unread.pop(conv, []):
            self._say(session, Receipt(conv, self._user, "read", tuple(messages)))

    def _say(self, session: Session, receipt: Receipt) -> None:
        for message in receipt.messages:
            self._context.record(
                "receipt.send", **self._own, conv=f"c{receipt.conv}", uuid=message.uuid, state=receipt.state
            )
        session.to_gateway(receipt)

    def _receive(self, session: Session, frame: ToDevice) -> None:
        match frame:
            case Welcome():
                self._record_session("conn.open", session)
                self._ready.succeed()
                self._transmit(session, lambda: session.to_gateway(Resume(dict(self._cursors))))
            case Shown():
                self._take(session, frame)
            case Sent(message):
                self._sent(message)
            case Seen(receipt):
                self._seen(receipt)
            case Presence(online, start_ns):
                for user, state in online.items():
                    answer = {"reader": f"u{user}", "state": "online" if state else "offline"}
                    self._context.record("presence.read", **self._own, **answer, start_ns=start_ns)
            case _:
                pass

    def _transmit(self, session: Session, send: Callable[[], None]) -> None:
        done = self._driver.run(self._context.profile.cpu_s("driver.frame"))
        done.callbacks.append(lambda _: send() if session.open else None)

    def _sent(self, message: Message) -> None:
        del self._unanswered[message.uuid]
        ids = {"uuid": message.uuid, "message_id": message.message_id}
        self._context.record("send.ok", **self._own, conv=f"c{message.conv}", **ids)

    def _seen(self, receipt: Receipt) -> None:
        for message in receipt.messages:
            what = {"conv": f"c{receipt.conv}", "uuid": message.uuid, "state": receipt.state}
            self._context.record("receipt.seen", **self._own, **what, reader=f"u{receipt.reader}")

    def _take(self, session: Session, shown: Shown) -> None:
        message = shown.message
        self._context.record("wire.deliver", **self._describe(session, shown))
        held = self._held[message.conv]
        if message.uuid in self._shown or message.position in held:
            return
        if shown.prev > self._cursors.get(message.conv, 0):
            held[message.position] = shown
            patience = self._context.env.timeout(self._context.design.gap_hold_s)
            patience.callbacks.append(lambda _: self._give_up(session, message))
            return
        self._show(session, shown)
        self._release(session, message.conv)

    def _release(self, session: Session, conv: int) -> None:
        held = self._held[conv]
        while held and (first := held[min(held)]).prev <= self._cursors.get(conv, 0):
            del held[first.message.position]
            self._show(session, first)

    def _give_up(self, session: Session, message: Message) -> None:
        held = self._held[message.conv]
        if not session.open or message.position not in held:
            return
        for position in sorted(position for position in held if position <= message.position):
            self._show(session, held.pop(position))
        self._release(session, message.conv)

    def _show(self, session: Session, shown: Shown) -> None:
        message = shown.message
        self._shown.add(message.uuid)
        self._cursors[message.conv] = max(self._cursors.get(message.conv, 0), message.position)
        self._unread[message.conv].append(message)
        stamps = {"accepted_ns": message.accepted_ns}
        if shown.pushed_ns is not None:
            stamps |= {stamp: getattr(message, stamp) for stamp in _WORKER_STAMPS} | {"pushed_ns": shown.pushed_ns}
        self._context.record("deliver", **self._describe(session, shown), hash=message.hash, **stamps)
        receipt = Receipt(message.conv, self._user, "delivered", (message,))
        self._transmit(session, lambda: self._say(session, receipt))

    def _describe(self, session: Session, shown: Shown) -> dict[str, str | int]:
        message = shown.message
        sequenced = self._context.design.cursor == "sequence"
        return {
            **self._own,
            "session": session.name,
            "conv": f"c{message.conv}",
            "uuid": message.uuid,
            "message_id": message.message_id,
            "via": "push" if shown.pushed_ns is not None else "resume",
            **({"seq": message.position} if sequenced else {}),
        }
