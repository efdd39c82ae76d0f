"""What a device has of its conversations: shown, held back, unread. It survives the device's sessions.

    position   1 2 3   5 6          4 is missing: 5 and 6 are held back
    shown      ✓ ✓ ✓                until it comes, or the device gives up

With a sequence nothing is shown twice. With message ids there is no such promise: what comes is shown as it comes.
"""

from __future__ import annotations

from sim.engine.frames import Message, Shown


class Conversations:
    """One device's view. `cursors` holds the highest position shown of each conversation."""

    def __init__(self) -> None:
        self.cursors: dict[int, int] = {}
        self._shown: set[tuple[int, int]] = set()
        self._held: dict[int, dict[int, Shown]] = {}
        self._unread: dict[int, list[Message]] = {}

    def take(self, frame: Shown) -> list[Shown]:
        """What can be shown now that this has come, in order."""
        conv, position = frame.message.conv, frame.message.position
        if frame.prev < 0:
            self._pass(frame)
            return [frame]
        if (conv, position) in self._shown:
            return []
        self._held.setdefault(conv, {})[position] = frame
        return self._release(conv)

    def _release(self, conv: int, *, ignore_gap: bool = False) -> list[Shown]:
        held = self._held.get(conv, {})
        shown = []
        for position in sorted(held):
            if held[position].prev > self.cursors.get(conv, 0) and not ignore_gap:
                break
            frame = held.pop(position)
            self._pass(frame)
            self._shown.add((conv, position))
            shown.append(frame)
        return shown

    def _pass(self, frame: Shown) -> None:
        message = frame.message
        self.cursors[message.conv] = max(self.cursors.get(message.conv, 0), message.position)
        self._unread.setdefault(message.conv, []).append(message)

    def reached(self, conv: int, position: int) -> None:
        """Everything up to here has come: what was not shown is one's own."""
        self.cursors[conv] = max(self.cursors.get(conv, 0), position)

    def has_gap(self, conv: int) -> bool:
        """Whether something is held back."""
        return bool(self._held.get(conv))

    def give_up(self, conv: int) -> list[Shown]:
        """Show what is held back in spite of the gap."""
        return self._release(conv, ignore_gap=True)

    def let_go(self) -> None:
        """Drop what is held back: it is behind the cursor, so the next session brings it again."""
        self._held.clear()

    def read(self, conv: int) -> list[Message]:
        """Everything unread of a conversation, which is read now."""
        return self._unread.pop(conv, [])
