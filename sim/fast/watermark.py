"""What is on its way to a stage, and the watermark that decides what the stage may serve now.

    stage ──put──►  [ held, in no order ]  ──take(until)──►  [ due, in order of arrival ]  ──► next stage
                              │ later than `until`: stays for the next chunk of time

Time goes on in chunks. In a chunk each stage, first to last, takes what arrives up to the same instant: the watermark.
All that can still arrive by then has been put before, since nothing leaves earlier than it came. So each stage
serves in the order of arrival over the whole run, and the length of a chunk changes nothing, to the bit.

Due items are put in order by one pass over as many buckets of time as there are items, then by insertion.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.fast.compiled import compiled
from sim.workload.samplers import FloatArray, IntArray

_MOST_BUCKETS = 1 << 20


class Items(NamedTuple):
    """Parallel arrays of which the first `used[0]` entries are used.

    `time_s` is when an item arrives, `born_s` when what is measured began, `route` which shards it visits.
    """

    time_s: FloatArray
    born_s: FloatArray
    route: IntArray
    used: IntArray


def items(capacity: int) -> Items:
    """Room for so many items, none there yet."""
    return Items(np.empty(capacity), np.empty(capacity), np.empty(capacity, np.int64), np.zeros(1, np.int64))


@compiled
def put(held: Items, time_s: float, born_s: float, route: int) -> None:
    """Add one item; there must be room."""
    at = held.used[0]
    held.time_s[at] = time_s
    held.born_s[at] = born_s
    held.route[at] = route
    held.used[0] = at + 1


@compiled
def _take(held: Items, due: Items, heads: NDArray[np.int32], buckets: int, since_s: float, until_s: float) -> None:
    scale = buckets / (until_s - since_s)
    heads[: buckets + 1] = 0
    count, kept = held.used[0], 0
    for at in range(count):
        if held.time_s[at] <= until_s:
            heads[min(max(int((held.time_s[at] - since_s) * scale), 0), buckets - 1) + 1] += 1
    for bucket in range(buckets):
        heads[bucket + 1] += heads[bucket]
    due.used[0] = heads[buckets]
    for at in range(count):
        time_s = held.time_s[at]
        if time_s <= until_s:
            bucket = min(max(int((time_s - since_s) * scale), 0), buckets - 1)
            place = heads[bucket]
            heads[bucket] = place + 1
            due.time_s[place], due.born_s[place], due.route[place] = time_s, held.born_s[at], held.route[at]
        else:
            held.time_s[kept], held.born_s[kept], held.route[kept] = time_s, held.born_s[at], held.route[at]
            kept += 1
    held.used[0] = kept


@compiled
def _sort(due: Items) -> None:
    """Insertion sort; nothing is far from its place."""
    for at in range(1, due.used[0]):
        time_s = due.time_s[at]
        if due.time_s[at - 1] > time_s:
            born_s, route, place = due.born_s[at], due.route[at], at
            while place > 0 and due.time_s[place - 1] > time_s:
                due.time_s[place] = due.time_s[place - 1]
                due.born_s[place] = due.born_s[place - 1]
                due.route[place] = due.route[place - 1]
                place -= 1
            due.time_s[place], due.born_s[place], due.route[place] = time_s, born_s, route


class Desk:
    """Where one slice of time puts due items in order, the same few arrays for every stage."""

    def __init__(self, capacity: int) -> None:
        self.due = items(capacity)
        self._heads = np.empty(0, np.int32)

    def take(self, held: Items, since_s: float, until_s: float) -> Items:
        """The items of `held` that arrive in (since_s, until_s], in order; valid until the next call."""
        count = int(held.used[0])
        if count > len(self.due.time_s):
            self.due = items(count * 3 // 2)
        buckets = min(1 << max(count, 16).bit_length() - 1, _MOST_BUCKETS)
        if buckets >= len(self._heads):
            self._heads = np.empty(2 * buckets + 1, np.int32)
        _take(held, self.due, self._heads, buckets, since_s, until_s)
        _sort(self.due)
        return self.due


def with_room(held: Items, more: int) -> Items:
    """The same items with room for `more`."""
    count = int(held.used[0])
    if count + more <= len(held.time_s):
        return held
    larger = items((count + more) * 3 // 2)
    for old, new in zip(held[:3], larger[:3], strict=True):
        new[:count] = old[:count]
    larger.used[0] = count
    return larger
