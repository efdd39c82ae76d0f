"""Integers that stand for what a history holds: codes of names, event numbers, times. How they are ordered and found.

    keys    7  3  7  5         sorted with their rows, packed in one integer each:  3·1  5·3  7·0  7·2
    order   1  3  0  2
    first   3·1  5·3  7·0      the row that bears each key first; 7 at row 2 comes again

Numpy sorts plain integers about ten times as quickly as it orders or hashes them: every check that groups, joins or
looks for what comes twice does it by these two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MISSING = -1
NEVER_NS = np.iinfo(np.int64).max

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def order_of(keys: Integers) -> Integers:
    """Rows by their keys; equal ones stay as they are."""
    bits = len(keys).bit_length()
    if max(abs(int(keys.min(initial=0))), int(keys.max(initial=0))) >> (63 - bits):
        return np.argsort(keys, kind="stable")  # no room for the rows
    packed = keys << bits
    packed |= np.arange(len(keys))
    packed.sort()
    packed &= (1 << bits) - 1
    return packed


def is_start(ordered: Integers) -> Flags:
    """Where a run of equal values begins."""
    starts = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=starts[1:])
    return starts


@dataclass(frozen=True, slots=True)
class Firsts:
    """Each of `size` keys once, in their order, with the first row that bears it."""

    keys: Integers
    rows: Integers
    size: int

    @classmethod
    def of(cls, keys: Integers) -> Firsts:
        """Of keys that may come many times."""
        order = order_of(keys)
        ordered = keys[order]
        starts = is_start(ordered)
        return cls(ordered[starts], order[starts], len(keys))

    @property
    def flags(self) -> Flags:
        """By row, whether it is the first with its key."""
        flags = np.zeros(self.size, dtype=np.bool_)
        flags[self.rows] = True
        return flags

    @property
    def repeated(self) -> Integers:
        """Rows whose key came before."""
        return np.flatnonzero(~self.flags) if len(self.rows) < self.size else np.zeros(0, dtype=np.int64)

    def find(self, wanted: Integers) -> Integers:
        """The first row of each key wanted, MISSING where there is none."""
        found = np.full(len(wanted), MISSING, dtype=np.int64)
        if not len(self.keys) or not len(wanted):
            return found
        # Searching in ascending order stays in the cache.
        order = order_of(wanted)
        ascending = wanted[order]
        place = np.minimum(np.searchsorted(self.keys, ascending), len(self.keys) - 1)
        found[order] = np.where(self.keys[place] == ascending, self.rows[place], MISSING)
        return found


def reasons(tests: Sequence[Flags]) -> tuple[Integers, Integers]:
    """Rows to which any test applies, and for each the number of the first that does."""
    rows = np.flatnonzero(np.logical_or.reduce(tests))
    return rows, np.argmax([test[rows] for test in tests], axis=0)


def matches(left: Integers, right: Integers) -> tuple[Integers, Integers]:
    """Places of all pairs with left[i] == right[j], of small numbers; `right` is sorted."""
    counts = np.bincount(right, minlength=int(left.max(initial=0)) + 1)
    copies = counts[left]
    rows = np.repeat(np.arange(len(left)), copies)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(copies) - copies, copies)
    return rows, (np.cumsum(counts) - counts)[left][rows] + within
