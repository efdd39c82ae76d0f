"""A user's device, in the one driver process: does what the trace says, shows what arrives, answers with receipts.

    offline ─► connect: Hello ─► Welcome: Resume, and again what has no answer ─► … ─► disconnect or crash
                  ▲ back off, next gateway                                        └─► lost or sent away
                  └──────────── refused, no welcome in time, lost, sent away ◄────────┘

Open loop: what is due is done whether or not the server keeps up. A message is sent again with the next session, and
after RESEND_AFTER_S, until it is acknowledged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import simpy

from sim.engine.context import Context, Inbox, Process, Wire
from sim.engine.conversations import Conversations
from sim.engine.diary import Diary
from sim.engine.frames import (
    Bye,
    GoAway,
    Heartbeat,
    Hello,
    Lapsed,
    Lost,
    Message,
    News,
    Open,
    Presence,
    PresenceChange,
    Pull,
    Pulled,
    Reached,
    Receipt,
    Renewed,
    Resume,
    Resumed,
    Seen,
    Send,
    Sent,
    Shown,
    ToDevice,
    Welcome,
)
from sim.engine.gateway import Gateway
from sim.engine.leaving import moment_to_leave
from sim.engine.media import Attachments, MediaService
from sim.engine.session import Session
from sim.pulls import Pulls
from sim.said import Said
from sim.ticks import Ticks
from sim.trace import Action

RESEND_AFTER_S = 5.0
_WELCOME_WITHIN_S = 10.0
_BACK_OFF_S = (0.1, 3.0)


class Device:
    """A device of a user; `gateways` by number. `resumed` comes when the session has brought everything missed."""

    def __init__(
        self,
        context: Context,
        user: int,
        gateways: Mapping[int, Gateway],
        device: int = 0,
        media: MediaService | None = None,
    ) -> None:
        self._context = context
        self._gateways = gateways
        self._driver = context.processes["driver"]
        self._user = user
        self._device = device
        self._diary = Diary(context, user, device)
        self._attachments = Attachments(context, self._diary.own, media, self._submit)
        self._session: Session | None = None
        self._gateway = ""
        self._wanted = False
        self._attempt = 0
        self._epoch = 0
        self._actions: Inbox[Action] = Inbox(context.env)
        self._due = Wire(context, "lag", self._actions.put)
        self._conversations = Conversations()
        self._waiting_for_gap: set[int] = set()
        self._resumes_owed = 0
        self._receipts_due: dict[int, list[Message]] = {}
        self._unanswered: dict[str, tuple[Message, float]] = {}
        self._ticks = Ticks(user, context.members)
        self._said = Said[Receipt]()
        self._pulls = Pulls()
        self.resumed = context.env.event()
        context.env.process(self._live())

    def do(self, action: Action) -> None:
        """Begin an action now, which is late by what the driver is late; actions keep their order."""
        self._due.send(action)

    def _live(self) -> Process:
        while True:
            if not self._actions:
                yield self._actions.filled()
            for action in self._actions.take():
                if action.action == "send":
                    self._seal()
                started_s = yield self._work("connect" if action.action == "connect" else "frame")
                self._act(action, round(started_s * 1e9))

    def _work(self, operation: str) -> simpy.Event:
        return self._driver.run(self._context.profile.cpu_s(f"driver.{operation}"))

    def _seal(self) -> None:
        """Take the time of sealing or opening one text, where the design does."""
        if self._context.design.encryption == "e2e":
            self._work("seal")

    def _act(self, action: Action, began_ns: int) -> None:
        session = self._session
        match action.action:
            case "connect":
                if not self._wanted:
                    self._wanted, self._attempt = True, 0
                    self._connect()
            case "send":
                self._send(action, began_ns)
            case "disconnect" | "crash":
                self._wanted = False
                if session is not None:
                    self._close(session, action.action)
                    session.to_gateway(Bye())
            case _ if session is None or not session.welcome:
                pass  # people whose app is not connected have nothing to renew, open or read
            case "heartbeat":
                self._diary.session("heartbeat.sent", session, t_ns=began_ns)
                session.to_gateway(Heartbeat())
            case "open":
                session.to_gateway(Open(action.conv, began_ns))
            case "read":
                self._read(session, action.conv)

    # The session.

    def _connect(self) -> None:
        gateway = self._gateways[1 + (self._user + self._device + self._attempt) % len(self._gateways)]
        self._gateway = gateway.name
        if not gateway.accepts:
            self._try_again()
            return
        self._epoch += 1
        self._pulls = Pulls()
        session = self._session = Session(self._context, self._user, self._device, self._epoch, self._receive)
        self._context.env.process(gateway.serve(session))
        session.to_gateway(Hello())
        if self._context.has_faults:
            self._context.env.process(self._wait_for_welcome(session))

    def _wait_for_welcome(self, session: Session) -> Process:
        yield self._context.env.timeout(_WELCOME_WITHIN_S)
        if session.open and not session.welcome:
            self._lose(session)
            session.to_gateway(Bye())

    def _lose(self, session: Session) -> None:
        self._close(session, "lost")
        self._try_again()

    def _leave(self, session: Session, within_s: float) -> Process:
        yield from moment_to_leave(self._context, self._unanswered.keys(), within_s)
        if session.open:
            self._close(session, "go-away")
            session.to_gateway(Bye())
            self._try_again()

    def _try_again(self) -> None:
        self._attempt += 1
        self._context.env.process(self._back_off(self._attempt))

    def _back_off(self, attempt: int) -> Process:
        first_s, most_s = _BACK_OFF_S
        yield self._context.env.timeout(self._context.back_off_s(min(most_s, first_s * 2**attempt)))
        if self._wanted and self._session is None and self._attempt == attempt:
            self._connect()

    def _welcome(self, session: Session) -> None:
        session.welcome = True
        self._diary.session("conn.open", session, gateway=self._gateway)
        self._work("frame").callbacks.append(lambda _: self._start(session))

    def _start(self, session: Session) -> None:
        if session.open:
            session.ready = True
            self._resume(session)
            for message, _ in self._unanswered.values():
                session.to_gateway(Send(replace(message)))
            for receipt in self._said.take():
                self._tell(session, receipt)
            self._say_delivered()

    def _resume(self, session: Session) -> None:
        self._resumes_owed += 1
        awaited = self._ticks.awaited()
        session.to_gateway(Resume(dict(self._conversations.cursors), everything=True, awaited=awaited))

    def _close(self, session: Session, cause: str) -> None:
        if cause in ("disconnect", "go-away"):
            self._say_delivered()
        if cause == "disconnect":
            self._said.take()  # the gateway hears what comes before a goodbye
        session.open = False
        self._session = None
        self._conversations.let_go()
        self._waiting_for_gap.clear()
        self._resumes_owed = 0
        self.resumed = self._context.env.event()
        if session.welcome:
            self._diary.session("conn.close", session, gateway=self._gateway, cause=cause)

    # What the user does.

    def _send(self, action: Action, began_ns: int) -> None:
        message = Message.of(action)
        self._diary.invoked(message, began_ns, action.t_ns)
        self._attachments.post(message)

    def _submit(self, message: Message) -> None:
        self._unanswered[message.uuid] = (message, self._context.env.now)
        self._ticks.wrote(message.conv, message.uuid, self._conversations.cursors.get(message.conv, 0))
        if self._session is not None and self._session.ready:
            self._session.to_gateway(Send(replace(message)))

    @property
    def awaits_answer(self) -> bool:
        """Whether it means to be connected, and is not, or the server owes it an acknowledgement."""
        return self._wanted and (self._session is None or bool(self._unanswered or self._attachments.waiting))

    def resend_old(self) -> None:
        """Send again what has waited for its answer for too long."""
        session, now_s = self._session, self._context.env.now
        if session is None or not session.ready:
            return
        for uuid, (message, since_s) in self._unanswered.items():
            if now_s - since_s > RESEND_AFTER_S:
                self._unanswered[uuid] = (message, now_s)
                session.to_gateway(Send(replace(message)))

    def note_unknown_sends(self) -> None:
        """Record what never got an answer."""
        for message in (*(one for one, _ in self._unanswered.values()), *self._attachments.waiting):
            self._diary.unknown(message)

    def _read(self, session: Session, conv: int) -> None:
        self._say_delivered()
        if messages := [one for one in self._conversations.read(conv) if one.sender != self._user]:
            self._say(session, Receipt(conv, self._user, "read", tuple(messages)))

    # What comes.

    def _receive(self, session: Session, frame: ToDevice) -> None:
        match frame:
            case Welcome():
                self._welcome(session)
            case Shown():
                self._take(session, frame)
            case Sent(message):
                self._acknowledged(message)
            case Seen() | Reached():
                self._learn(frame)
            case Renewed(stored_ns):
                self._said.answered()
                self._diary.session("heartbeat.stored", session, t_ns=stored_ns)
            case Lapsed():
                self._resume(session)
            case Lost():
                self._lose(session)
            case Resumed() | News() | Pulled():
                self._follow(session, frame)
            case GoAway(within_s):
                self._context.env.process(self._leave(session, within_s))
            case Presence() | PresenceChange():
                self._diary.presence(frame)

    def _acknowledged(self, message: Message) -> None:
        if self._unanswered.pop(message.uuid, None) is not None:
            self._diary.acknowledged(message)

    def _follow(self, session: Session, frame: Resumed | News | Pulled) -> None:
        match frame:
            case News(conv, position):
                self._pulls.heard(conv, position)
            case Pulled(conv, position):
                self._pulls.came(conv)
                self._conversations.reached(conv, position)
            case _:
                self._pulls.caught_up()
                self._resumes_owed -= 1
                if not self.resumed.triggered:
                    self.resumed.succeed()
        for conv in self._pulls.due(self._conversations.cursors):
            session.to_gateway(Pull(conv, self._conversations.cursors.get(conv, 0)))

    def _learn(self, frame: Seen | Reached) -> None:
        match frame:
            case Seen(Receipt(conv, reader, state, messages)):
                ticks = self._ticks.told(conv, reader, state, {one.uuid: one.position for one in messages})
            case Reached(conv, by_reader, places):
                ticks = self._ticks.reached(conv, by_reader, places)
        self._diary.receipts_seen(conv, ticks)

    def _take(self, session: Session, frame: Shown) -> None:
        conv = frame.message.conv
        self._diary.arrived(session, frame)
        for shown in self._conversations.take(frame):
            self._show(session, shown)
        if self._conversations.has_gap(conv) and conv not in self._waiting_for_gap:
            self._waiting_for_gap.add(conv)
            self._context.env.process(self._wait_for_gap(session, conv))

    def _wait_for_gap(self, session: Session, conv: int) -> Process:
        # As in `realstack.driver.gaps`: nothing is passed over while the gateway owes an answer.
        asked = False
        while True:
            yield self._context.env.timeout(self._context.design.gap_hold_s)
            if not session.open or not self._conversations.has_gap(conv) or (asked and not self._resumes_owed):
                break
            if not self._resumes_owed:
                asked = True
                self._resumes_owed += 1
                cursors = {conv: self._conversations.cursors.get(conv, 0)}
                session.to_gateway(Resume(cursors, everything=False, awaited={}))
        if session.open:
            self._waiting_for_gap.discard(conv)
            for shown in self._conversations.give_up(conv):
                self._show(session, shown)

    def _show(self, session: Session, frame: Shown) -> None:
        self._seal()
        message = frame.message
        self._diary.shown(session, frame)
        if message.sender == self._user:
            return  # written on another device of the same person: nobody waits for a receipt
        if not self._receipts_due:
            self._work("frame").callbacks.append(lambda _: self._say_delivered())
        self._receipts_due.setdefault(message.conv, []).append(message)
        self._attachments.fetch(message)

    def _say_delivered(self) -> None:
        # Everything shown since the last time goes together; without a session it waits for the next.
        if self._session is not None and self._session.welcome:
            due, self._receipts_due = self._receipts_due, {}
            for conv, messages in due.items():
                self._say(self._session, Receipt(conv, self._user, "delivered", tuple(messages)))

    def _say(self, session: Session, receipt: Receipt) -> None:
        self._diary.receipt_sent(receipt)
        self._tell(session, receipt)

    def _tell(self, session: Session, receipt: Receipt) -> None:
        self._said.say(receipt)
        session.to_gateway(receipt)
