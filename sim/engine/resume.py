"""What a device missed: the rows after its cursor, conversation by conversation, and receipts that it awaits.

    resume ─► memberships ─► each conversation, page by page ─► Shown …
                         ─► how far have readers got, where do the device's own messages stand? ─► Reached … Resumed

The session is registered before the first row is read, and a worker stores before it looks anybody up. So a message or
a receipt is pushed, or announced, or read here; never neither.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import simpy

from sim.engine.context import Context, Process
from sim.engine.flights import Flights, Reading
from sim.engine.followers import Followers
from sim.engine.frames import Message, Pull, Reached, Resume, Resumed, Shown, ToDevice
from sim.engine.session import Session
from sim.engine.store import PAGE, Store

_CONVERSATIONS_AT_ONCE = 4


class Reader:
    """One gateway's. `work` is CPU work on its event loop, `push` sends a frame to a device."""

    def __init__(
        self,
        context: Context,
        store: Store,
        memberships: Mapping[int, Sequence[int]],
        followers: Followers,
        work: Callable[[str], simpy.Event],
        push: Callable[[Session, ToDevice], None],
    ) -> None:
        self._context = context
        self._store = store
        self._memberships = memberships
        self._followers = followers
        self._work = work
        self._push = push
        self._flights = Flights(context, self._read_after)

    def resume(self, session: Session, request: Resume) -> Process:
        """Send everything after the cursors, and what is awaited of receipts; then `Resumed`."""
        yield self._work("query")
        yield from self._store.read(session.user)
        yield from self._follow(session)
        waiting = deque(self._memberships.get(session.user, ()) if request.everything else request.cursors)
        lanes = [
            self._context.env.process(self._catch_up(session, waiting, request.cursors))
            for _ in range(_CONVERSATIONS_AT_ONCE)
        ]
        yield self._context.env.all_of(lanes)
        yield from self._tell_reached(session, request.awaited)
        self._push(session, Resumed())

    def pull(self, session: Session, request: Pull) -> Generator[simpy.Event, Any, int]:
        """Send everything of one conversation after the cursor; the value is the position of the last row read."""
        return (yield from self._catch_up_one(session, request.conv, request.cursor, "pull"))

    def _tell_reached(self, session: Session, awaited: Mapping[int, int]) -> Process:
        design, members = self._context.design, self._context.members
        convs = [conv for conv in awaited if not design.is_served_on_read(len(members[conv]))]
        if not convs or design.cursor != "sequence":
            return
        yield self._work("query")
        for conv, by_reader in (yield from self._store.reached(convs)).items():
            by_reader.pop(session.user, None)
            furthest = max((position for reached in by_reader.values() for position in reached), default=0)
            places = yield from self._places(session, conv, awaited[conv], furthest)
            self._push(session, Reached(conv, by_reader, places))

    def _places(
        self, session: Session, conv: int, position: int, furthest: int
    ) -> Generator[simpy.Event, Any, dict[str, int]]:
        """Where the device's own messages stand behind a position, up to the furthest that anybody has got."""
        places: dict[str, int] = {}
        while position < furthest:
            rows = yield from self._flights.read(conv, position)
            places.update((row.uuid, row.position) for row in rows if self._is_own(session, row))
            position = rows[-1].position if len(rows) == PAGE else furthest
        return places

    def _is_own(self, session: Session, row: Message) -> bool:
        return self._context.design.address(row.sender, row.device) == session.address

    def _follow(self, session: Session) -> Process:
        fan_out = self._context.design.fan_out
        if fan_out == "hybrid":  # how large is each?
            yield self._work("query")
            yield from self._store.read(session.user)
        if fan_out != "write":
            yield self._work("redis")
            yield from self._followers.follow(session, self._memberships.get(session.user, ()))

    def _read_after(self, conv: int, position: int) -> Reading:
        yield self._work("query")
        yield from self._store.look_up(conv)
        return (yield from self._store.after(conv, position))

    def _catch_up(self, session: Session, waiting: deque[int], cursors: Mapping[int, int]) -> Process:
        while waiting:
            conv = waiting.popleft()
            yield from self._catch_up_one(session, conv, cursors.get(conv, 0), "resume")

    def _catch_up_one(self, session: Session, conv: int, cursor: int, via: str) -> Generator[simpy.Event, Any, int]:
        """Send what others wrote after the cursor; the value is the position of the last row read."""
        read = shown = cursor
        more = True
        while more:
            rows = yield from self._flights.read(conv, read)
            more = len(rows) == PAGE
            for row in rows:
                read = row.position
                if not self._is_own(session, row):
                    prev = shown if self._context.design.cursor == "sequence" else -1
                    self._push(session, Shown(row, prev, None, via))
                    shown = row.position
        return read
