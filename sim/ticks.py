"""How far a device's own messages have got, and which receipts it asks for when it comes back.

    written ✓ ── delivered ✓✓ to each ── read ✓✓ by each      nothing more is awaited

A receipt is pushed to who is connected, once. The store keeps of each reader how far they have got in a conversation,
as a position. So a device that was away, or not registered, names the conversations in which it awaits receipts, and
holds the readers' positions against the places of its own messages. It knows the place of one from anybody's receipt;
where it knows none it asks for the places, too, behind what it had shown when it wrote.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

ALL_PLACES_KNOWN = 2**63 - 1


class Tick(NamedTuple):
    """What a sender has learnt: a reader has this message, or has read it."""

    reader: int
    state: str
    uuid: str


@dataclass(slots=True)
class _Own:
    """A message that not all have read, as far as the device knows; `place` is 0 until it is known."""

    after: int
    unread: set[int]
    place: int = 0


class Ticks:
    """One device's view. `members` of conversations: an app knows who is in them."""

    def __init__(self, user: int, members: Mapping[int, Collection[int]]) -> None:
        self._user = user
        self._members = members
        self._states: dict[tuple[str, int], str] = {}
        # By conversation and UUID, in the order in which they were written.
        self._awaited: dict[int, dict[str, _Own]] = {}

    def wrote(self, conv: int, uuid: str, after: int) -> None:
        """A message is on its way, which will stand behind the position `after`."""
        if others := set(self._members.get(conv, ())) - {self._user}:
            self._awaited.setdefault(conv, {})[uuid] = _Own(after, others)

    def end(self, conv: int, uuid: str) -> None:
        """Nothing more is to be learnt of a message: all have read it, or there will be none."""
        own = self._awaited.get(conv, {})
        own.pop(uuid, None)
        if not own:
            self._awaited.pop(conv, None)

    def awaited(self) -> dict[int, int]:
        """Conversations with receipts to come, and behind which position the device knows no places."""
        return {
            conv: next((one.after for one in own.values() if not one.place), ALL_PLACES_KNOWN)
            for conv, own in self._awaited.items()
        }

    def told(self, conv: int, reader: int, state: str, places: Mapping[str, int]) -> list[Tick]:
        """A receipt, with the places of the messages it speaks of; what of it is new.

        The log delivers at least once: a receipt may come again, and then behind a later one.
        """
        self._learn_places(conv, places)
        new = [uuid for uuid in places if self._states.get((uuid, reader)) not in (state, "read")]
        for uuid in new:
            self._states[uuid, reader] = state
            if state == "read":
                self._read(conv, uuid, reader)
        return [Tick(reader, state, uuid) for uuid in new]

    def reached(self, conv: int, by_reader: Mapping[int, tuple[int, int]], places: Mapping[str, int]) -> list[Tick]:
        """How far each reader has got, delivered and read, and places that the device asked for; what of it is new."""
        self._learn_places(conv, places)
        new: list[Tick] = []
        for reader, (delivered, read) in by_reader.items():
            for state, position in (("delivered", max(delivered, read)), ("read", read)):
                own = self._awaited.get(conv, {})
                passed = {uuid: one.place for uuid, one in own.items() if 0 < one.place <= position}
                new += self.told(conv, reader, state, passed)
        return new

    def _learn_places(self, conv: int, places: Mapping[str, int]) -> None:
        own = self._awaited.get(conv, {})
        for uuid, place in places.items():
            if uuid in own:
                own[uuid].place = place

    def _read(self, conv: int, uuid: str, reader: int) -> None:
        own = self._awaited.get(conv, {}).get(uuid)
        if own is not None:
            own.unread.discard(reader)
            if not own.unread:
                self.end(conv, uuid)
