"""What a device missed: the rows after its cursor, page by page, of the conversations whose head is beyond it.

The registration stands in Redis before the first row is read, and a worker stores a row before it looks the recipient
up, or who follows its conversation. So a message is pushed, or announced, or read here; never neither. The same holds
for receipts: where the device awaits some it is told how far the readers have got, in one request for all of its
conversations, and one more for each in which it does not know where its own messages stand.

A pull is the same for one conversation whose messages are not pushed but announced. Many members of one gateway pull
the same rows at once: with `reads = coalesced` one read answers them all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from realstack.chat.connection import Connection
from realstack.chat.frames import Pull, Pulled, Reached, Resume, Resumed
from realstack.chat.message_service import NotAMemberError
from realstack.chat.past import as_message
from realstack.chat.settings import Choices
from realstack.chat.single_flight import SingleFlight
from realstack.chat.store import PAGE, Row, Store

_CONVERSATIONS_AT_ONCE = 4

Follow = Callable[[Connection, Iterable[int]], Awaitable[None]]


class _CaughtUp(NamedTuple):
    """Messages sent, and the position of the last row read, the device's own too."""

    messages: int
    position: int


class Reader:
    """Brings devices up to date, as the design wants it."""

    def __init__(self, store: Store, choices: Choices, follow: Follow) -> None:
        self._store = store
        self._choices = choices
        self._follow = follow
        self._flights: SingleFlight[list[Row]] = SingleFlight()

    async def resume(self, connection: Connection, request: Resume) -> None:
        """Send everything after the cursors, then `resumed`. Raises NotAMemberError for a foreign conversation."""
        own = set(await self._store.memberships(connection.user))
        if foreign := set(request.cursors) - own:
            raise NotAMemberError(f"you are not a member of conversation {min(foreign)}")
        read_ones = await self._follow_read_ones(connection, sorted(own))
        limit = asyncio.Semaphore(_CONVERSATIONS_AT_ONCE)

        async def one(conv: int) -> int:
            async with limit:
                return (await self._catch_up(connection, conv, request.cursors.get(conv, 0), "resume")).messages

        wanted = sorted(own if request.everything else set(request.cursors))
        heads = await self._store.heads(wanted)
        behind = [conv for conv in wanted if heads.get(conv, 0) > request.cursors.get(conv, 0)]
        counts = await asyncio.gather(*(one(conv) for conv in behind))
        if self._choices.sequenced:  # elsewhere a position says nothing of those before it
            await self._tell_reached(connection, {c: at for c, at in request.awaited.items() if c in own - read_ones})
        connection.send(Resumed(sum(counts)))

    async def pull(self, connection: Connection, request: Pull) -> None:
        """Send everything of one conversation after the cursor, then `pulled`."""
        caught_up = await self._catch_up(connection, request.conv, request.cursor, "pull")
        connection.send(Pulled(request.conv, caught_up.position))

    async def _follow_read_ones(self, connection: Connection, convs: list[int]) -> set[int]:
        if self._choices.fan_out == "write":
            return set()
        if self._choices.fan_out == "hybrid":
            sizes = await self._store.sizes(convs)
            convs = [conv for conv, size in sizes.items() if self._choices.is_served_on_read(size)]
        await self._follow(connection, convs)
        return set(convs)

    async def _tell_reached(self, connection: Connection, awaited: Mapping[int, int]) -> None:
        for conv, by_reader in (await self._store.reached(list(awaited)) if awaited else {}).items():
            by_reader.pop(connection.user, None)
            furthest = max((position for reached in by_reader.values() for position in reached), default=0)
            places = await self._places(connection, conv, awaited[conv], furthest)
            connection.send(Reached(conv, by_reader, places))

    async def _places(self, connection: Connection, conv: int, position: int, furthest: int) -> dict[str, int]:
        """Where the device's own messages stand behind a position, up to the furthest that anybody has got."""
        places: dict[str, int] = {}
        while position < furthest:
            rows = await self._after(conv, position)
            places.update((row.uuid, row.position) for row in rows if self._is_own(connection, row))
            position = rows[-1].position if len(rows) == PAGE else furthest
        return places

    def _is_own(self, connection: Connection, row: Row) -> bool:
        return self._choices.address(row.sender, row.device) == connection.address

    async def _catch_up(
        self, connection: Connection, conv: int, cursor: int, via: Literal["pull", "resume"]
    ) -> _CaughtUp:
        count = 0
        shown = read = cursor
        while True:
            rows = await self._after(conv, read)
            for row in rows:
                read = row.position
                if self._is_own(connection, row):
                    continue
                connection.send(as_message(row, via, prev=shown if self._choices.sequenced else -1))
                shown = row.position
                count += 1
            if len(rows) < PAGE:
                return _CaughtUp(count, read)
            await connection.flushed()

    async def _after(self, conv: int, position: int) -> list[Row]:
        if self._choices.reads == "each":
            return await self._store.after(conv, position)
        return await self._flights.read((conv, position), lambda: self._store.after(conv, position))
