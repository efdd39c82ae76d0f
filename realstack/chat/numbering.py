"""Order and dedup of a conversation, at the only place where there is one writer: the partition's consumer.

With `cursor = sequence` the next number is the position; with `cursor = message-id` the gateway's id is. Recent
positions of a conversation are kept in memory and, on first touch after a rebalance, read back from the store: a record
that the log delivers again gets the position that it had, and one that a client sent twice is recognised by its UUID.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from realstack.chat.records import MessageRecord
from realstack.chat.settings import Choices
from realstack.chat.store import Store

RECENT = 256


class Entry(NamedTuple):
    """One recent message of a conversation; `writer` is the address of the device that wrote it."""

    position: int
    writer: int
    partition: int
    offset: int


class Conversation:
    """The recent past of one conversation, by UUID in order of position."""

    def __init__(self) -> None:
        self.recent: dict[str, Entry] = {}

    def remember(self, uuid: str, entry: Entry) -> None:
        """Add the newest message."""
        self.recent[uuid] = entry
        if len(self.recent) > RECENT:
            del self.recent[next(iter(self.recent))]

    @property
    def last_position(self) -> int:
        """Highest position so far, 0 when there is none."""
        return self.recent[next(reversed(self.recent))].position if self.recent else 0

    def previous_for(self, reader: int, position: int) -> int:
        """The position that address `reader` must have shown before this one: the last before it from elsewhere."""
        for entry in reversed(self.recent.values()):
            if entry.position < position and entry.writer != reader:
                return entry.position
        return 0


class Placed(NamedTuple):
    """Where a message stands, and the past of its conversation."""

    position: int
    conversation: Conversation


class Numbering:
    """Places every message of this worker's partitions. Calls for one conversation must not overlap."""

    def __init__(self, store: Store, choices: Choices) -> None:
        self._store = store
        self._choices = choices
        self._conversations: dict[int, tuple[int, Conversation]] = {}

    async def place(self, record: MessageRecord, partition: int, offset: int) -> Placed | None:
        """Number and store a message; None when it is a duplicate. Raises the store's errors; then call again."""
        conversation = await self._conversation(record.conv, partition)
        known = conversation.recent.get(record.uuid) if self._choices.dedup == "client-id-key" else None
        if known is not None and (known.partition, known.offset) != (partition, offset):
            return None
        if known is not None:
            return Placed(known.position, conversation)
        position = conversation.last_position + 1 if self._choices.sequenced else record.message_id
        applied = await self._store.insert(record, position, partition, offset)
        if not applied and self._choices.sequenced:
            return await self._after_conflict(record, partition, offset)
        if not applied:
            return None
        conversation.remember(
            record.uuid, Entry(position, self._choices.address(record.sender, record.device), partition, offset)
        )
        return Placed(position, conversation)

    async def _after_conflict(self, record: MessageRecord, partition: int, offset: int) -> Placed | None:
        # The number was taken: by our own first try, whose answer was lost, or by the worker before us.
        del self._conversations[record.conv]
        conversation = await self._conversation(record.conv, partition)
        known = conversation.recent.get(record.uuid)
        if known is not None and (known.partition, known.offset) == (partition, offset):
            return Placed(known.position, conversation)
        return await self.place(record, partition, offset)

    async def _conversation(self, conv: int, partition: int) -> Conversation:
        if conv in self._conversations:
            return self._conversations[conv][1]
        conversation = Conversation()
        if self._choices.sequenced or self._choices.dedup == "client-id-key":
            for row in reversed(await self._store.latest(conv, RECENT)):
                writer = self._choices.address(row.sender, row.device)
                conversation.remember(row.uuid, Entry(row.position, writer, row.log_partition, row.log_offset))
        self._conversations[conv] = (partition, conversation)
        return conversation

    def forget(self, partitions: Iterable[int]) -> None:
        """Drop what belongs to partitions that went to another worker."""
        gone = set(partitions)
        self._conversations = {c: kept for c, kept in self._conversations.items() if kept[0] not in gone}
