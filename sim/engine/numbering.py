"""The order of a conversation, kept by the only consumer of its partition.

With `cursor = sequence` the next number is a message's position, and each recipient is told which position it must
have shown before: the last one by somebody else. With `cursor = message-id` the gateway's id is the position and
nothing is promised.

What a worker knows of a conversation is rebuilt from the store at first touch. So a record that the log delivers again
gets the position that it had, and two workers that work on one log at once, one of them a zombie, agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sim.engine.context import Context
from sim.engine.frames import Message


@dataclass(slots=True)
class _Conversation:
    last: int = 0
    # The address of the device that wrote it.
    last_writer: int = -1
    # The last position by any other device.
    last_by_other: int = 0
    # In order of position.
    by_uuid: dict[str, Message] = field(default_factory=dict)
    writers: dict[str, int] = field(default_factory=dict)

    def add(self, message: Message, writer: int) -> None:
        if writer != self.last_writer:
            self.last_by_other, self.last_writer = self.last, writer
        self.last = message.position
        self.by_uuid[message.uuid] = message
        self.writers[message.uuid] = writer

    def previous_for(self, reader: int, position: int) -> int:
        if position > self.last:
            return self.last_by_other if reader == self.last_writer else self.last
        earlier = (row for row in reversed(self.by_uuid.values()) if row.position < position)
        return next((row.position for row in earlier if self.writers[row.uuid] != reader), 0)


class Numbering:
    """One worker's conversations. With random keys a second worker counts the same conversation, and collides."""

    def __init__(self, context: Context) -> None:
        self.sequenced = context.design.cursor == "sequence"
        self._by_uuid = context.design.dedup == "client-id-key"
        self._looks_back = self.sequenced or self._by_uuid
        self._design = context.design
        self._conversations: dict[int, _Conversation] = {}

    def _writer(self, message: Message) -> int:
        return self._design.address(message.sender, message.device)

    def must_look_back(self, conv: int) -> bool:
        """Whether the past of the conversation has to be read from the store first."""
        return self._looks_back and conv not in self._conversations

    def look_back(self, conv: int, newest_first: Iterable[Message]) -> None:
        """Learn the past of a conversation."""
        conversation = self._conversations.setdefault(conv, _Conversation())
        for row in reversed(list(newest_first)):
            conversation.add(row, self._writer(row))

    def forget(self, conv: int) -> None:
        """What we know of a conversation is not what the store has."""
        self._conversations.pop(conv, None)

    def known(self, message: Message, *, conflicted: bool) -> Message | None:
        """The message that this one is another copy of, if the design can tell.

        By UUID; or, where the number that this record should have was taken, because the same record has it.
        """
        conversation = self._conversations.get(message.conv)
        known = conversation.by_uuid.get(message.uuid) if conversation is not None else None
        if known is None or self._by_uuid:
            return known
        return known if conflicted and known.is_same_record(message) else None

    def place(self, message: Message) -> None:
        """Give the message its position: the next one."""
        conversation = self._conversations.setdefault(message.conv, _Conversation())
        message.position = conversation.last + 1 if self.sequenced else message.message_id

    def previous_for(self, message: Message, readers: Iterable[int]) -> dict[int, int]:
        """What each address must have shown before this message; -1 where nothing is promised."""
        if not self.sequenced:
            return dict.fromkeys(readers, -1)
        conversation = self._conversations[message.conv]
        return {reader: conversation.previous_for(reader, message.position) for reader in readers}

    def stored(self, message: Message) -> None:
        """The message was placed and stored: it is the last of its conversation, unless it was known before."""
        conversation = self._conversations[message.conv]
        if not self.sequenced or message.position > conversation.last:
            conversation.add(message, self._writer(message))
