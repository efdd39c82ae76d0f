"""Order within groups, in one pass: ranks that all devices should agree on, and who falls behind them.

group    a  a  a  a  b  b
value    1  4  2  5  3  3
peak     1  4  4  5  3  3        4 is the leader that convicts 2; the second 3 does not rise either
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.checks.codes import MISSING, Flags, Integers, is_start, order_of

BASES = ("seq", "offset", "message_id")


@dataclass(frozen=True)
class Climb:
    """Rows ordered by group (then as given) with the running maximum of their values. Values are 0 or more."""

    order: Integers
    groups: Integers
    lifted: Integers
    starts: Flags
    rises: Flags
    step: int

    @classmethod
    def of(cls, group: Integers, value: Integers) -> Climb:
        """Climb of each group; rows come in the order in which they happened."""
        order = order_of(group)
        ordered, step = group[order], int(value.max(initial=0)) + 1
        starts = is_start(ordered)
        # Each group stands above all of the one before, so that one running maximum serves all.
        lifted = value[order] + (np.cumsum(starts) - 1) * step
        peak = np.maximum.accumulate(lifted)
        rises = np.ones(len(order), dtype=np.bool_)
        rises[1:] = lifted[1:] > peak[:-1]
        return cls(order, ordered[starts], lifted, starts, rises, step)

    def falls(self) -> tuple[Integers, Integers]:
        """Rows that do not rise above their group's peak, and for each the row that set that peak."""
        low = np.flatnonzero(~self.rises)
        if not len(low):
            return low, low
        leaders = np.maximum.accumulate(np.where(self.rises, np.arange(len(self.order)), 0))
        return self.order[low], self.order[leaders[low]]

    def has_jump(self) -> Flags:
        """Which rows belong to a group that does not rise by ones. Usually none."""
        jumps = np.append(False, np.diff(self.lifted) != 1) & ~self.starts
        flags = np.zeros(len(self.order), dtype=np.bool_)
        if jumps.any():
            group = np.cumsum(self.starts) - 1
            flags[self.order] = np.bincount(group[jumps], minlength=len(self.groups))[group] > 0
        return flags

    def peaks_until(self, group: Integers, end: Integers) -> Integers:
        """The last row that holds the highest value of each group given among its rows before `end`, else MISSING."""
        if not len(self.order):
            return np.full(len(group), MISSING, dtype=np.int64)
        # One number for a group and a row, rising all the way, so that one search finds both.
        size, number = len(self.order) + 1, np.cumsum(self.starts) - 1
        place = np.minimum(np.searchsorted(self.groups, group), len(self.groups) - 1)
        last = np.maximum(np.searchsorted(number * size + self.order, place * size + end) - 1, 0)
        holds = self.lifted == np.maximum.accumulate(self.lifted)
        holder = np.maximum.accumulate(np.where(holds, np.arange(len(self.order)), 0))
        found = (self.groups[place] == group) & (number[last] == place) & (self.order[last] < end)
        return np.where(found, self.order[holder[last]], MISSING)

    def tops(self, group: Integers) -> Integers:
        """The row that holds the highest value of each group given, MISSING for a group without rows."""
        if not len(self.order):
            return np.full(len(group), MISSING, dtype=np.int64)
        peaks = np.flatnonzero(self.rises)
        place = np.minimum(np.searchsorted(self.groups, group), len(self.groups) - 1)
        last = peaks[np.searchsorted(self.lifted[peaks], (place + 1) * self.step) - 1]
        return np.where(self.groups[place] == group, self.order[last], MISSING)

    def first_above(self, group: Integers, value: Integers) -> Integers:
        """The first row of each group given with a value above the one given, MISSING where none is."""
        if not len(self.order):
            return np.full(len(group), MISSING, dtype=np.int64)
        peaks = np.flatnonzero(self.rises)
        place = np.minimum(np.searchsorted(self.groups, group), len(self.groups) - 1)
        at = np.searchsorted(self.lifted[peaks], place * self.step + value, side="right")
        row = peaks[np.minimum(at, len(peaks) - 1)]
        found = (at < len(peaks)) & (self.groups[place] == group) & (self.lifted[row] // self.step == place)
        return np.where(found, self.order[row], MISSING)


@dataclass(frozen=True)
class Canon:
    """The one order of each conversation that every device should show.

    By `seq` if all messages that were shown have one; else by log offset if they have one and share a partition; else
    by `message_id`. A conversation that has none of them for every shown message has no order.

    `rank`: by message, MISSING where it has none. `basis`: how many conversations are ordered by what.
    """

    rank: Integers
    basis: dict[str, int]

    @classmethod
    def of(cls, messages: pd.DataFrame, convs: int) -> Canon:
        """From one row a message: conv (0 to convs − 1), delivered, and seq, partition, offset, message_id."""
        shown = messages[(messages["delivered"] >= 0) & (messages["conv"] >= 0)]
        conv, partition = shown["conv"].to_numpy(), shown["partition"].to_numpy()
        partition_of = np.full(convs, MISSING, dtype=np.int64)
        partition_of[conv] = partition
        has = {name: (shown[name] >= 0).to_numpy() for name in BASES}
        has["offset"] = has["offset"] & (partition == partition_of[conv])
        size = np.bincount(conv, minlength=convs)
        complete = [(size > 0) & (np.bincount(conv, has[name], convs) == size) for name in BASES]
        basis = np.select(complete, range(len(BASES)), default=MISSING)
        chosen = np.append(basis, MISSING)[messages["conv"]]
        value = np.select([chosen == i for i in range(len(BASES))], [messages[name] for name in BASES], default=MISSING)
        used = {f"ordered_by_{name}": int((basis == i).sum()) for i, name in enumerate(BASES)}
        return cls(_ranks(messages["conv"].to_numpy(), value), used)


def _ranks(conv: Integers, value: Integers) -> Integers:
    """Dense ranks that rise with value within a conversation; equal values share one, MISSING stays."""
    order = np.lexsort((value, conv))
    steps = np.zeros(len(order), dtype=np.int64)
    steps[1:] = (np.diff(conv[order]) != 0) | (np.diff(value[order]) != 0)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.cumsum(steps)
    return np.where(value >= 0, ranks, MISSING)
