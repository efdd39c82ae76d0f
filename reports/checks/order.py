"""Order within groups, in one pass: ranks that all devices should agree on, and who falls behind them.

group    a  a  a  a  b  b
value    1  4  2  5  3  3
peak     1  4  4  5  3  3        4 is the leader that convicts 2; the second 3 does not rise either
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.checks.facts import MISSING, Facts, Flags, Integers


@dataclass(frozen=True)
class Climb:
    """Rows ordered by group (then as given) with the running maximum of their values. Values are 0 or more."""

    order: Integers
    groups: Integers
    lifted: Integers
    rises: Flags
    step: int

    @classmethod
    def of(cls, group: Integers, value: Integers) -> Climb:
        """Climb of each group; rows come in the order in which they happened."""
        order = np.argsort(group, kind="stable")
        ordered, step = group[order], int(value.max(initial=0)) + 1
        starts = np.ones(len(order), dtype=np.bool_)
        starts[1:] = ordered[1:] != ordered[:-1]
        # Each group stands above all of the one before, so that one running maximum serves all.
        lifted = value[order] + (np.cumsum(starts) - 1) * step
        peak = np.maximum.accumulate(lifted)
        rises = np.ones(len(order), dtype=np.bool_)
        rises[1:] = lifted[1:] > peak[:-1]
        return cls(order, ordered[starts], lifted, rises, step)

    def falls(self) -> tuple[Integers, Integers]:
        """Rows that do not rise above their group's peak, and for each the row that set that peak."""
        low = np.flatnonzero(~self.rises)
        leaders = np.maximum.accumulate(np.where(self.rises, np.arange(len(self.order)), 0))
        return self.order[low], self.order[leaders[low]]

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
    """By uuid code: rank in its conversation's canonical order, MISSING where it has none. `basis`: conversations by
    what orders them.
    """

    rank: Integers
    basis: dict[str, int]


def canonical_order(facts: Facts) -> Canon:
    """The one order of each conversation that every device should show.

    By `seq` if all messages that were shown have one; else by log offset if they have one and share a partition; else
    by `message_id`. A conversation that has none of them for every shown message has no order.
    """
    messages = facts.messages
    seq = _known(facts, "seq", ("deliver", "store.row"))
    offset, partition = (_known(facts, column, ("log.append",)) for column in ("offset", "partition"))
    message_id = _known(facts, "message_id", ("send.ok", "log.append", "deliver", "store.row"))
    conv = messages["conv"].to_numpy()
    matters = (messages["delivered"] >= 0).to_numpy() & (conv >= 0)
    convs = pd.DataFrame({"conv": conv, "seq": seq >= 0, "offset": offset >= 0, "message_id": message_id >= 0})[matters]
    usable = convs.groupby("conv").all()
    usable["offset"] &= pd.Series(partition[matters]).groupby(conv[matters]).nunique() == 1
    basis = np.select([usable[name] for name in ("seq", "offset", "message_id")], [0, 1, 2], default=MISSING)
    by_conv = np.full(len(facts.names("conv")) + 1, MISSING, dtype=np.int64)  # the last is for MISSING
    by_conv[usable.index] = basis
    chosen = by_conv[conv]
    value = np.select([chosen == i for i in range(3)], [seq, offset, message_id], default=MISSING)
    used = {f"ordered_by_{name}": int((basis == i).sum()) for i, name in enumerate(("seq", "offset", "message_id"))}
    return Canon(_ranks(conv, value), used)


def _known(facts: Facts, column: str, kinds: tuple[str, ...]) -> Integers:
    """The column's first value by uuid; later kinds outrank earlier ones."""
    values = np.full(len(facts.messages), MISSING, dtype=np.int64)
    for kind in kinds:
        rows = facts.table(kind, "uuid", column)
        rows = rows[(rows["uuid"] >= 0) & (rows[column] >= 0)][::-1]
        values[rows["uuid"]] = rows[column]
    return values


def _ranks(conv: Integers, value: Integers) -> Integers:
    """Dense ranks that rise with value within a conversation; equal values share one, MISSING stays."""
    order = np.lexsort((value, conv))
    steps = np.zeros(len(order), dtype=np.int64)
    steps[1:] = (np.diff(conv[order]) != 0) | (np.diff(value[order]) != 0)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.cumsum(steps)
    return np.where(value >= 0, ranks, MISSING)
