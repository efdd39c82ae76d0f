"""Stand-ins for the servers behind the backend: a store, a registry and a producer in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from realstack.chat.appender import Appender
from realstack.chat.media_ref import MediaRef
from realstack.chat.presence_channels import PresenceChannels
from realstack.chat.records import MessageRecord
from realstack.chat.registry import Registry
from realstack.chat.settings import Choices, Settings
from realstack.chat.shelf import Shelf
from realstack.chat.store import PAGE, Page, Row, Store
from sim.design import Design


def choices(**design: Any) -> Choices:
    return Choices.of(Design.model_validate(design))


def settings(**design: Any) -> Settings:
    return Settings("127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:1", "", "test", choices(**design))


def record(
    uuid: str, *, conv: int = 5, sender: int = 1, cseq: int = 1, message_id: int = 1, text: str = "hello"
) -> MessageRecord:
    return MessageRecord(conv, uuid, sender, cseq, message_id, text, accepted_ns=7)


class MemoryStore(Store):
    """Rows by conversation and position. `failures` makes so many inserts fail before they are applied."""

    def __init__(self, members: Mapping[int, Sequence[int]] | None = None, *, if_not_exists: bool = False) -> None:
        self.rows: dict[int, dict[int, Row]] = {}
        self.of_conversation = {conv: tuple(users) for conv, users in (members or {}).items()}
        self.receipts: list[tuple[int, int, str, int]] = []
        self.reached_asked: list[list[int]] = []
        self.asked: list[int] = []
        self.pages_read = 0
        self.failures = 0
        self._lwt = if_not_exists
        self.searchable = False

    async def insert(self, message: MessageRecord, position: int, partition: int, offset: int) -> bool:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no store")
        rows = self.rows.setdefault(message.conv, {})
        if self._lwt and position in rows:
            return False
        fields = (message.message_id, message.uuid, message.sender, message.cseq, message.text, message.accepted_ns)
        media = (ref.digest, ref.type, ref.size_bytes) if (ref := message.media) else None
        rows[position] = Row(message.conv, position, *fields, partition, offset, media)
        return True

    async def heads(self, convs: Sequence[int]) -> dict[int, int]:
        return {conv: max(rows) for conv in convs if (rows := self.rows.get(conv))}

    async def after(self, conv: int, position: int, limit: int = PAGE) -> list[Row]:
        rows = self.rows.get(conv, {})
        return [rows[p] for p in sorted(rows) if p > position][:limit]

    async def before(self, conv: int, position: int, limit: int = PAGE) -> Page:
        self.pages_read += 1
        rows = self.rows.get(conv, {})
        found = [rows[p] for p in sorted(rows, reverse=True) if p < position][:limit]
        return Page(found, found[-1].position if len(found) == limit else 0)

    async def latest(self, conv: int, limit: int = PAGE) -> list[Row]:
        rows = self.rows.get(conv, {})
        return [rows[p] for p in sorted(rows, reverse=True)][:limit]

    async def members(self, conv: int) -> tuple[int, ...]:
        self.asked.append(conv)
        return self.of_conversation.get(conv, ())

    async def sizes(self, convs: Sequence[int]) -> dict[int, int]:
        return {conv: len(self.of_conversation.get(conv, ())) for conv in convs}

    async def memberships(self, user: int) -> tuple[int, ...]:
        return tuple(conv for conv, users in self.of_conversation.items() if user in users)

    async def receipt(self, conv: int, reader: int, state: str, position: int) -> None:
        self.receipts.append((conv, reader, state, position))

    async def reached(self, convs: Sequence[int]) -> dict[int, dict[int, tuple[int, int]]]:
        self.reached_asked.append(list(convs))
        found: dict[int, dict[int, tuple[int, int]]] = {}
        for conv, reader, state, position in self.receipts:
            if conv in convs:
                delivered, read = found.setdefault(conv, {}).get(reader, (0, 0))
                found[conv][reader] = (position, read) if state == "delivered" else (delivered, position)
        return found


class MemoryShelf(Shelf):
    """What conversations hold. `failures` makes so many writes fail."""

    def __init__(self) -> None:
        self.held: dict[tuple[int, str], MediaRef] = {}
        self.failures = 0

    async def put(self, conv: int, ref: MediaRef) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no store")
        self.held[conv, ref.digest] = ref

    async def find(self, conv: int, digest: str) -> MediaRef | None:
        return self.held.get((conv, digest))


class MemoryRegistry(Registry):
    """Who is connected where, without TTLs. `failures` makes so many look-ups of a gateway's address fail."""

    def __init__(self) -> None:
        self.homes: dict[int, tuple[str, int]] = {}
        self.addresses: dict[str, str] = {}
        self.heartbeats: list[int] = []
        self.followed: dict[int, list[str]] = {}
        self.left_ms: dict[int, int] = {}
        self.failures = 0

    async def connect(self, user: int, epoch: int, gateway: str) -> None:
        self.homes[user] = (gateway, epoch)

    async def heartbeat(self, user: int, epoch: int, gateway: str) -> bool:
        self.heartbeats.append(user)
        lapsed = user not in self.homes
        self.homes[user] = (gateway, epoch)
        return lapsed

    async def drop(self, users: Sequence[int], gateway: str) -> None:
        for user in users:
            if self.homes.get(user, ("", 0))[0] == gateway:
                del self.homes[user]

    async def disconnect(self, user: int, epoch: int, gateway: str) -> None:
        if self.homes.get(user) == (gateway, epoch):
            del self.homes[user]

    async def routes(self, users: Sequence[int]) -> Mapping[int, str]:
        return {user: self.homes[user][0] for user in users if user in self.homes}

    async def online(self, users: Sequence[int]) -> set[int]:
        return {user for user in users if user in self.homes}

    async def online_for_s(self, users: Sequence[int]) -> dict[int, float]:
        return {user: 60.0 for user in users if user in self.homes}

    def presence_channels(self) -> PresenceChannels:
        return SilentChannels()

    async def last_seen_ms(self, users: Sequence[int]) -> dict[int, int]:
        return {user: self.left_ms[user] for user in users if user in self.left_ms}

    async def follow(self, convs: Sequence[int], gateway: str) -> None:
        for conv in convs:
            self.followed.setdefault(conv, []).append(gateway)

    async def followed_at(self, conv: int) -> list[str]:
        return self.followed.get(conv, [])

    async def gateway_address(self, name: str) -> str | None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no registry")
        return self.addresses.get(name)


class SilentChannels(PresenceChannels):
    """On which nothing is ever said."""

    def __init__(self) -> None:
        self.followed: set[int] = set()

    @property
    def are_followed(self) -> bool:
        return bool(self.followed)

    async def follow(self, users: Iterable[int]) -> None:
        self.followed = set(users)

    async def hear(self, within_s: float) -> int | None:
        await asyncio.sleep(within_s)
        return None

    async def close(self) -> None:
        self.followed = set()


class FakeProducer(Appender):
    """Takes records and answers with a future for each; `settle` says what became of them."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, bytes | None]] = []
        self.appended: list[asyncio.Future[object]] = []

    async def send(self, topic: str, value: bytes, key: bytes | None = None) -> asyncio.Future[object]:
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.sent.append((topic, value, key))
        self.appended.append(future)
        return future

    def settle(self, error: Exception | None = None) -> None:
        for future in self.appended:
            if not future.done():
                future.set_exception(error) if error else future.set_result(None)


async def turns(count: int = 20) -> None:
    """Let the loop's other tasks run."""
    for _ in range(count):
        await asyncio.sleep(0)


def positions(rows: Iterable[Row]) -> list[int]:
    return [row.position for row in rows]
