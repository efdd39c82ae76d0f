"""What a device has of its conversations: shown, held back, unread.

    position   1 2 3   5 6          4 is missing: 5 and 6 are held back until it comes,
    shown      ✓ ✓ ✓                or until the device has asked for it in vain (`gaps`)

With a sequence every message names the one before it, so a gap is seen at once and nothing is shown twice. With message
ids there is no such promise: what comes is shown as it comes.
"""

from __future__ import annotations

from realstack.chat.frames import Message, ReceiptItem


class Conversations:
    """One device's view. It survives a crash of the device, as an app's own database does."""

    def __init__(self) -> None:
        self.cursors: dict[int, int] = {}
        self._shown: set[tuple[int, int]] = set()
        self._held: dict[int, dict[int, Message]] = {}
        self._unread: dict[int, list[ReceiptItem]] = {}

    def take(self, message: Message) -> list[Message]:
        """What can be shown now that this has come, in order: nothing, the message, or it and those held behind it."""
        if message.prev < 0:
            self._pass(message.conv, message.position)
            return [message]
        if (message.conv, message.position) in self._shown:
            return []
        held = self._held.setdefault(message.conv, {})
        held[message.position] = message
        return self._release(message.conv, held)

    def _release(self, conv: int, held: dict[int, Message], *, ignore_gap: bool = False) -> list[Message]:
        shown = []
        for position in sorted(held):
            if held[position].prev > self.cursors.get(conv, 0) and not ignore_gap:
                break
            self._pass(conv, position)
            self._shown.add((conv, position))
            shown.append(held.pop(position))
        return shown

    def _pass(self, conv: int, position: int) -> None:
        self.cursors[conv] = max(self.cursors.get(conv, 0), position)

    def reached(self, conv: int, position: int) -> None:
        """Everything up to here has come: what was not shown is one's own."""
        self._pass(conv, position)

    def has_gap(self, conv: int) -> bool:
        """Whether something is held back."""
        return bool(self._held.get(conv))

    def give_up(self, conv: int) -> list[Message]:
        """Show what is held back in spite of the gap."""
        return self._release(conv, self._held.get(conv, {}), ignore_gap=True)

    def let_go(self) -> None:
        """Drop what is held back: it is behind the cursor, so the next session brings it again."""
        self._held.clear()

    def shown(self, message: Message) -> ReceiptItem:
        """Remember as unread; the item for its receipts."""
        item = ReceiptItem(message.uuid, message.sender, message.position)
        self._unread.setdefault(message.conv, []).append(item)
        return item

    def read(self, conv: int) -> list[ReceiptItem]:
        """Everything unread of a conversation, which is read now."""
        return self._unread.pop(conv, [])
