"""Order and dedup of a conversation, at the only place where there is one writer: the partition's consumer.

With `cursor = sequence` the next number is the position; with `cursor = message-id` the gateway's id is. What is known
of a conversation is read back from the store at first touch after a rebalance: a record that the log delivers again
gets the position that it had, and one that a client sent twice is recognised by its UUID: thousands of messages back,
for nobody reads on for ever (`LOOK_BACK_PAGES`).

That far a position follows from the log alone. Two workers that work on one log at once, one of them a zombie whom its
group has given up, write the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from realstack.chat.conversation_past import ConversationPast, Entry
from realstack.chat.records import MessageRecord
from realstack.chat.settings import Choices
from realstack.chat.store import NEWEST, Row, Store

RECENT = 256
# A client that counts wrongly, and a crowd of whom nobody has written for long, must not have the whole past read.
LOOK_BACK_PAGES = 20


class Placed(NamedTuple):
    """Where a message stands, and the past of its conversation."""

    position: int
    conversation: ConversationPast


class Numbering:
    """Places every message of this worker's partitions. Calls for one conversation must not overlap."""

    def __init__(self, store: Store, choices: Choices) -> None:
        self._store = store
        self._choices = choices
        self._conversations: dict[int, tuple[int, ConversationPast]] = {}

    async def place(self, record: MessageRecord, partition: int, offset: int) -> Placed | None:
        """Number and store a message; None when it is a duplicate. Raises the store's errors; then call again."""
        conversation = await self._conversation(record.conv, partition)
        known = await self._known(conversation, record) if self._choices.dedup == "client-id-key" else None
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
        writer = self._choices.address(record.sender, record.device)
        conversation.remember(record.uuid, Entry(position, writer, partition, offset), record.cseq)
        return Placed(position, conversation)

    async def _after_conflict(self, record: MessageRecord, partition: int, offset: int) -> Placed | None:
        # The number was taken: by our own first try, whose answer was lost, or by the worker before us.
        del self._conversations[record.conv]
        conversation = await self._conversation(record.conv, partition)
        known = conversation.recent.get(record.uuid)
        if known is not None and (known.partition, known.offset) == (partition, offset):
            return Placed(known.position, conversation)
        return await self.place(record, partition, offset)

    async def _conversation(self, conv: int, partition: int) -> ConversationPast:
        if conv in self._conversations:
            return self._conversations[conv][1]
        conversation = ConversationPast()
        if self._choices.sequenced or self._choices.dedup == "client-id-key":
            rows = await self._store.latest(conv, RECENT)
            for row in reversed(rows):
                conversation.remember(row.uuid, self._entry(row), row.cseq)
            conversation.unseen = rows[-1].position if len(rows) == RECENT else 0
        self._conversations[conv] = (partition, conversation)
        return conversation

    async def _known(self, conversation: ConversationPast, record: MessageRecord) -> Entry | None:
        """Where a message stands already; None when it is new."""
        if (entry := conversation.recent.get(record.uuid)) is not None:
            return entry
        writer = self._choices.address(record.sender, record.device)
        if writer not in conversation.highest:
            await self._look_back_for(writer, conversation, record.conv)
        if record.cseq > conversation.highest.get(writer, 0):
            return None
        return await self._find(record, writer, conversation.first_position)

    async def _look_back_for(self, writer: int, conversation: ConversationPast, conv: int) -> None:
        for _ in range(LOOK_BACK_PAGES):
            if not conversation.unseen or writer in conversation.highest:
                return
            page = await self._store.before(conv, conversation.unseen, RECENT)
            for row in page.rows:
                conversation.hear_of(self._entry(row).writer, row.cseq)
            conversation.unseen = page.before
        conversation.unseen = 0

    async def _find(self, record: MessageRecord, writer: int, before: int) -> Entry | None:
        position = before or NEWEST
        for _ in range(LOOK_BACK_PAGES):
            page = await self._store.before(record.conv, position, RECENT)
            for row in page.rows:
                entry = self._entry(row)
                if row.uuid == record.uuid:
                    return entry
                if entry.writer == writer and row.cseq < record.cseq:
                    return None
            if not page.before:
                return None
            position = page.before
        return None

    def _entry(self, row: Row) -> Entry:
        return Entry(row.position, self._choices.address(row.sender, row.device), row.log_partition, row.log_offset)

    def forget(self, partitions: Iterable[int]) -> None:
        """Drop what belongs to partitions that went to another worker."""
        gone = set(partitions)
        self._conversations = {c: kept for c, kept in self._conversations.items() if kept[0] not in gone}
