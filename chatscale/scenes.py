"""Places in a simulated history where a mutant can strike, and where it is sure to show."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import pandas as pd

from sim.history import History

_SECOND_NS = 1_000_000_000


class Three(NamedTuple):
    """Three messages of one sender in one conversation that one device showed one after the other in one session."""

    first: pd.Series
    second: pd.Series
    third: pd.Series


class Scenes:
    """What there is in one clean history. Raises LookupError where it has no such place; a longer one will."""

    def __init__(self, history: History) -> None:
        self.history = history
        sends = history.of_kind("send.invoke").drop_duplicates("uuid").set_index("uuid")
        shown = history.of_kind("deliver")
        closed = history.of_kind("conn.close").drop_duplicates("session").set_index("session")["t_ns"]
        self.shown = shown.assign(
            sender=shown["uuid"].map(sends["device"]).astype(object),
            session_ends_ns=shown["session"].astype(object).map(closed).fillna(self.end_ns).astype("int64"),
        ).astype({"device": object, "conv": object, "session": object})

    @property
    def end_ns(self) -> int:
        """When the load had ended and everything had arrived."""
        return int(self.history.quiesced_ns or self.history.frame["t_ns"].iloc[-1])

    @cached_property
    def three(self) -> Three:
        """Of pushed messages, with five seconds of the session left after them."""
        pushed = self.shown[self.shown["via"] == "push"]
        for _, rows in pushed.groupby(["session", "sender", "conv"], sort=True):
            rises = rows["cseq"].diff().iloc[1:] == 1
            if (
                len(rows) > 2
                and rises.all()
                and rows["session_ends_ns"].iloc[0] - rows["t_ns"].iloc[2] > 5 * _SECOND_NS
            ):
                return Three(*(rows.iloc[place] for place in range(3)))
        raise LookupError("three messages in a row")

    @cached_property
    def last(self) -> pd.Series:
        """The last showing of a conversation on a device that stays connected to the end."""
        rows = self.shown.drop_duplicates(["device", "conv"], keep="last")
        top = self.shown.groupby("conv")["seq"].transform("max").loc[rows.index]
        rows = rows[(rows["session_ends_ns"] == self.end_ns) & (rows["seq"] == top) & (rows["via"] == "push")]
        return _one(rows, "the last message of a conversation")

    @cached_property
    def resumed(self) -> pd.Series:
        """A message that was resumed after an earlier session, before another of the same conversation."""
        rows = self.shown[self.shown["via"] == "resume"]
        later = rows.groupby(["session", "conv"])["seq"].transform("max")
        opened = self.history.of_kind("conn.open").drop_duplicates("session").set_index("session")["t_ns"]
        acked = self.history.of_kind("send.ok").drop_duplicates("uuid").set_index("uuid")["t_ns"]
        missed = rows["uuid"].map(acked) < rows["session"].map(opened)
        return _one(rows[(rows["seq"] < later) & missed], "two messages that were resumed together")

    @cached_property
    def before_return(self) -> tuple[pd.Series, pd.Series]:
        """A showing in an earlier session of a device, and one in a later session of its."""
        for _, rows in self.shown.groupby("device", sort=True):
            if rows["session"].nunique() > 1:
                return rows.iloc[0], rows.iloc[-1]
        raise LookupError("a device that came back")

    @cached_property
    def to_faithful_sender(self) -> pd.Series:
        """A showing whose sender was connected from before it until the end."""
        opened = self.history.of_kind("conn.open").drop_duplicates("device", keep="last").set_index("device")["t_ns"]
        closed = self.history.of_kind("conn.close").drop_duplicates("device", keep="last").set_index("device")["t_ns"]
        since, gone = self.shown["sender"].map(opened).astype("Int64"), self.shown["sender"].map(closed).astype("Int64")
        rows = self.shown[((since < self.shown["t_ns"]) & (gone.isna() | (gone < since))).fillna(False)]
        return _one(rows, "a sender who stays to the end")

    @cached_property
    def answer(self) -> tuple[pd.Series, pd.Series]:
        """A showing, and a later message of the same device in the same conversation."""
        sends = self.history.of_kind("send.invoke")
        firsts = self.shown.drop_duplicates(["device", "conv"])
        for _, row in firsts.iterrows():
            after = sends[(sends["device"] == row["device"]) & (sends["conv"] == row["conv"])]
            after = after[(after["t_ns"] > row["t_ns"]) & after["uuid"].isin(self.shown["uuid"])]
            if len(after):
                return row, after.iloc[0]
        raise LookupError("somebody who writes after having read")

    @cached_property
    def connected(self) -> pd.Series:
        """A session, by its conn.open, that lasts to the end and is five seconds old by then."""
        opens, closes = self.history.of_kind("conn.open"), self.history.of_kind("conn.close")
        lasting = opens[~opens["session"].isin(closes["session"]) & (opens["t_ns"] < self.end_ns - 5 * _SECOND_NS)]
        return _one(lasting, "somebody who stays connected")

    def stranger_to(self, conv: str) -> pd.Series:
        """A session, by its conn.open, of somebody who does not belong to the conversation."""
        opens = self.history.of_kind("conn.open")
        members = set(self.history.config["members"][conv])
        return _one(opens[~opens["user"].isin(members)], "somebody outside the conversation")


def _one(rows: pd.DataFrame, what: str) -> pd.Series:
    if not len(rows):
        raise LookupError(what)
    return rows.iloc[0]
