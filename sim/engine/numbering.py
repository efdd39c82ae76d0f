"""The order of a conversation, kept by the only consumer of its partition.

With `cursor = sequence` the next number is a message's position, and each recipient is told which position it must
have shown before: the last one by somebody else. With `cursor = message-id` the gateway's id is the position and
nothing is promised.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sim.engine.context import Context
from sim.engine.frames import Message


@dataclass(slots=True)
class _Conversation:
    last: int = 0
    last_sender: int = -1
    # The last position by anybody but the last sender.
    last_by_other: int = 0
    uuids: set[str] = field(default_factory=set)

    def add(self, message: Message) -> None:
        if message.sender != self.last_sender:
            self.last_by_other, self.last_sender = self.last, message.sender
        self.last = message.position
        self.uuids.add(message.uuid)

    def previous_for(self, reader: int) -> int:
        return self.last_by_other if reader == self.last_sender else self.last


class Numbering:
    """One worker's conversations. With random keys a second worker counts the same conversation, and collides."""

    def __init__(self, context: Context) -> None:
        self._sequenced = context.design.cursor == "sequence"
        self._by_uuid = context.design.dedup == "client-id-key"
        self._looks_back = self._sequenced or self._by_uuid
        self._conversations: dict[int, _Conversation] = {}

    def must_look_back(self, conv: int) -> bool:
        """Whether the past of the conversation has to be read from the store first."""
        return self._looks_back and conv not in self._conversations

    def look_back(self, conv: int, newest_first: Iterable[Message]) -> None:
        """Learn the past of a conversation."""
        conversation = self._conversations.setdefault(conv, _Conversation())
        for row in reversed(list(newest_first)):
            conversation.add(row)

    def place(self, message: Message) -> bool:
        """Give the message its position; False when the design recognises it as sent again."""
        conversation = self._conversations.setdefault(message.conv, _Conversation())
        message.position = conversation.last + 1 if self._sequenced else message.message_id
        return not (self._by_uuid and message.uuid in conversation.uuids)

    def previous_for(self, message: Message, readers: Iterable[int]) -> dict[int, int]:
        """What each reader must have shown before this message, which is the next one; -1 where nothing is promised."""
        if not self._sequenced:
            return dict.fromkeys(readers, -1)
        conversation = self._conversations[message.conv]
        return {reader: conversation.previous_for(reader) for reader in readers}

    def stored(self, message: Message) -> None:
        """The message is now the last of its conversation."""
        self._conversations[message.conv].add(message)
