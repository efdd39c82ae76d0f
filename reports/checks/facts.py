"""What the checks share, computed once from a History's integer columns (`reports.checks.columns`).

    messages          one row a uuid: who sent it where, what became of it, from when it is due
    delivers, shown   every deliver event; the first of each (device, message)
    canon, climb      the order of each conversation, and how what was shown rises in it
    owed              one row a (message, recipient's device) that must meet

Everything is linear in events, with loops only inside numpy and pandas.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from reports.checks.codes import MISSING, NEVER_NS, Firsts, Integers, matches
from reports.checks.columns import Columns
from reports.checks.order import Canon, Climb
from sim.history import History

EXAMPLES = 8


def facts_of(history: History) -> Facts:
    """The history itself if it already holds facts, so that checks that run together share them."""
    return history if isinstance(history, Facts) else Facts(history.frame, history.disorder)


@dataclass(frozen=True)
class Facts(Columns):
    """Cached tables of one History; a verdict shows at most `most` examples."""

    most: int = EXAMPLES

    @cached_property
    def messages(self) -> pd.DataFrame:
        """One row a uuid; index = its code.

        sent, ok, refused, logged, stored, delivered: numbers of their first events; device, conv, cseq, hash and
        intended_ns of the sender's event. `proven`: acknowledged, or seen in log, store or on a device without having
        been refused. `due_ns`: when it was acknowledged, else first proven.
        """
        kinds = {"sent": "send.invoke", "ok": "send.ok", "refused": "send.fail"}
        kinds |= {"logged": "log.append", "stored": "store.row", "delivered": "deliver"}
        rows = pd.DataFrame({name: self._first_by_uuid(kind) for name, kind in kinds.items()})
        sent = rows["sent"].to_numpy()
        for column in ("device", "conv", "cseq", "hash", "intended_ns"):
            rows[column] = np.where(sent >= 0, self.at(column, sent), MISSING)
        proofs = self.times(rows[["logged", "stored", "delivered"]].to_numpy()).min(axis=1, initial=NEVER_NS)
        acked, refused = rows["ok"] >= 0, rows["refused"] >= 0
        rows["due_ns"] = np.where(acked, self.times(rows["ok"].to_numpy()), proofs)
        rows["proven"] = (rows["sent"] >= 0) & (acked | ((proofs < NEVER_NS) & ~refused))
        return rows

    @cached_property
    def delivers(self) -> pd.DataFrame:
        """Every deliver event: device conv uuid session via hash t_ns, its user, and whether it is the first copy."""
        rows = self.table("deliver", "device", "conv", "uuid", "session", "via", "hash", "t_ns")
        rows["user"] = self.device_users[rows["device"]]
        rows["first"] = self._delivered_pairs.flags
        return rows

    @cached_property
    def shown(self) -> pd.DataFrame:
        """First deliver of each (device, message), in time order; index = event number."""
        return self.delivers[self.delivers["first"]]

    @cached_property
    def frame_pairs(self) -> Firsts:
        """The (message, device) of each `wire.deliver`."""
        rows = self.table("wire.deliver", "uuid", "device")
        return Firsts.of(self.pair(rows["uuid"], rows["device"]))

    def pair(self, uuid: pd.Series, device: pd.Series) -> Integers:
        """One number for a (message, device)."""
        numbers: Integers = uuid.to_numpy() * max(len(self.names("device")), 1) + device.to_numpy()
        return numbers

    def first_shown(self, uuid: pd.Series, device: pd.Series) -> Integers:
        """Row of `shown` (0, 1, 2 …) for each (message, device), MISSING where it was never shown."""
        return self._shown_pairs.find(self.pair(uuid, device))

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The `config` event, read once."""
        return self.config

    @property
    def names_members(self) -> bool:
        """Whether the config event says who belongs to which conversation."""
        return bool(self.settings.get("members"))

    @cached_property
    def canon(self) -> Canon:
        """The one order of each conversation that every device should show."""
        known = {column: self._known(column, ("log.append",)) for column in ("offset", "partition")}
        known |= {"seq": self.positions, "message_id": self.message_ids}
        return Canon.of(self.messages.assign(**known), len(self.names("conv")))

    @cached_property
    def message_ids(self) -> Integers:
        """By message: the id that it was shown or stored with, else the first one known."""
        return self._known("message_id", ("send.ok", "log.append", "deliver", "store.row"))

    @cached_property
    def positions(self) -> Integers:
        """By message: its `seq`, as stored, else as shown."""
        return self._known("seq", ("deliver", "store.row"))

    @cached_property
    def placed(self) -> pd.DataFrame:
        """The rows of `shown` with a `rank`, shown in the conversation they were sent to, and their `row` in it."""
        uuid = self.shown["uuid"].to_numpy()
        rank = self.canon.rank[uuid]
        row = np.flatnonzero((rank >= 0) & (self.messages["conv"].to_numpy()[uuid] == self.shown["conv"].to_numpy()))
        return self.shown.iloc[row].assign(rank=rank[row], row=row)

    @cached_property
    def climb(self) -> Climb:
        """How the ranks of `placed` rise, by device and conversation."""
        return Climb.of(self.stream(self.placed["device"], self.placed["conv"]), self.placed["rank"].to_numpy())

    @cached_property
    def from_senders(self) -> pd.DataFrame:
        """The rows of `shown` whose place in their sender's writing is known: its `cseq`, and the sender's `line`.

        A line is what one device wrote in one conversation, as a small number.
        """
        uuid = self.shown["uuid"].to_numpy()
        cseq = np.where(self.messages["sent"] >= 0, self.messages["cseq"], MISSING)[uuid]
        known = cseq >= 0
        rows: pd.DataFrame = self.shown[known].assign(cseq=cseq[known], line=self.lines[uuid[known]])
        return rows

    @cached_property
    def lines(self) -> Integers:
        """By message: the number of its line, what one device wrote in one conversation."""
        lines, _ = pd.factorize(self.stream(self.messages["device"], self.messages["conv"]))
        return lines.astype(np.int64)

    @cached_property
    def sender_climb(self) -> Climb:
        """How `cseq` rises in `from_senders`, by receiving device and line."""
        rows = self.from_senders
        group = rows["device"].to_numpy() * len(self.messages) + rows["line"].to_numpy()
        return Climb.of(group, rows["cseq"].to_numpy())

    def stream(self, device: pd.Series, conv: pd.Series) -> Integers:
        """One number for a (device, conversation)."""
        numbers: Integers = device.to_numpy() * max(len(self.names("conv")), 1) + conv.to_numpy()
        return numbers

    @cached_property
    def members(self) -> pd.DataFrame:
        """Columns conv, user: who belongs where, of conversations and users that have events."""
        named = [(conv, user) for conv, users in self.settings.get("members", {}).items() for user in users]
        convs, users = (pd.Index([row[i] for row in named], dtype="str") for i in (0, 1))
        rows = pd.DataFrame(
            {"conv": self.names("conv").get_indexer(convs), "user": self.names("user").get_indexer(users)}
        )
        known: pd.DataFrame = rows[(rows["conv"] >= 0) & (rows["user"] >= 0)].astype("int64")
        return known

    @cached_property
    def device_users(self) -> Integers:
        """User code of each device code: as its events say, else the user of the same name."""
        users = self.names("user").get_indexer(self.names("device")).astype(np.int64)
        for kind in ("deliver", "send.invoke", "conn.open"):
            rows = self.table(kind, "device", "user")
            rows = rows[(rows["device"] >= 0) & (rows["user"] >= 0)]
            users[rows["device"]] = rows["user"]
        return users

    @cached_property
    def open_until_ns(self) -> Integers:
        """By device: when its last session ended, NEVER_NS if one is open at the end, MISSING if it never had one."""
        size = len(self.names("device"))
        opens, closes = (self.table(kind, "device", "t_ns") for kind in ("conn.open", "conn.close"))
        opens, closes = opens[opens["device"] >= 0], closes[closes["device"] >= 0]
        ended = np.full(size, MISSING, dtype=np.int64)
        ended[closes["device"]] = closes["t_ns"]
        still = np.bincount(opens["device"], minlength=size) > np.bincount(closes["device"], minlength=size)
        ended[still] = NEVER_NS
        return ended

    @cached_property
    def owed(self) -> pd.DataFrame:
        """What recipients are due: uuid, device, conv, due_ns and `shown` (row of `shown`, or MISSING).

        Recipients are the members of the conversation without the sender, and the sender's other devices where the
        registry knows devices; a device that had no open session after the message was due is owed nothing.
        """
        sent, homes = self.messages[self.messages["proven"] & (self.messages["conv"] >= 0)], self._member_devices
        row, home = matches(sent["conv"].to_numpy(), homes["conv"].to_numpy())
        device, due_ns = homes["device"].to_numpy(), sent["due_ns"].to_numpy()
        if self.design.get("registry") == "device":
            others = device[home] != sent["device"].to_numpy()[row]
        else:
            others = homes["user"].to_numpy()[home] != self.device_users[sent["device"]][row]
        owed = others & (self.open_until_ns[device][home] > due_ns[row])
        row, home = row[owed], home[owed]
        about = {"uuid": sent.index.to_numpy(), "conv": sent["conv"].to_numpy(), "due_ns": due_ns}
        rows = pd.DataFrame({**{name: column[row] for name, column in about.items()}, "device": device[home]})
        return rows.assign(shown=self.first_shown(rows["uuid"], rows["device"]))

    @cached_property
    def passed_by(self) -> Integers:
        """By row of `owed`: the row of `shown` that first stood above it there, MISSING if nothing did before it came.

        What was shown in its turn was passed over by nothing and is not asked for.
        """
        late = np.zeros(len(self.shown) + 1, dtype=np.bool_)
        late[self.placed["row"].to_numpy()[self.climb.falls()[0]]] = True
        late[MISSING] = True
        suspects = self.owed[late[self.owed["shown"]]]
        rank = self.canon.rank[suspects["uuid"]]
        suspects, rank = suspects[rank >= 0], rank[rank >= 0]
        above = self.climb.first_above(self.stream(suspects["device"], suspects["conv"]), rank)
        passed = np.full(len(self.owed), MISSING, dtype=np.int64)
        passed[suspects.index] = np.append(self.placed["row"].to_numpy(), MISSING)[above]
        return passed

    @cached_property
    def frames(self) -> pd.DataFrame:
        """Frames that reached a device, or what was shown where none are noted: device conv uuid session via t_ns."""
        kind = "wire.deliver" if len(self.rows("wire.deliver")) else "deliver"
        return self.table(kind, "device", "conv", "uuid", "session", "via", "t_ns")

    @cached_property
    def design(self) -> dict[str, Any]:
        """The design choices that the config event names."""
        return dict(self.settings.get("design", {}))

    @cached_property
    def patience_ns(self) -> int:
        """How long a device may hold a message back for an earlier one: the design's gap_hold_s, else 2 s."""
        return round(float(self.design.get("gap_hold_s", 2.0)) * 1e9)

    @property
    def end_ns(self) -> int:
        """Time of the last event."""
        return int(self.frame["t_ns"].iloc[-1])

    @cached_property
    def silence(self) -> str | None:
        """Why no check of messages may pass, if so: nothing was acknowledged, or nothing delivered."""
        if not (self.messages["ok"] >= 0).any():
            return "no send was acknowledged: nothing was promised that could be broken"
        return None if len(self.delivers) else "no device showed any message: nothing was seen"

    def session_times_ns(self, kind: str) -> Integers:
        """By session: when it opened (kind `conn.open`) or closed (`conn.close`), NEVER_NS where it did not."""
        return self.times(self.session_events(kind))

    def session_events(self, kind: str) -> Integers:
        """By session, and MISSING for the one that is MISSING: number of its last event of this kind."""
        session = self.values(kind, "session")
        events = np.full(len(self.names("session")) + 1, MISSING, dtype=np.int64)
        events[session[session >= 0]] = self.rows(kind)[session >= 0]
        return events

    @cached_property
    def _member_devices(self) -> pd.DataFrame:
        """Columns conv, user, device, ordered by conversation."""
        devices = pd.DataFrame({"user": self.device_users, "device": np.arange(len(self.device_users))})
        return self.members.merge(devices, on="user").sort_values("conv", kind="stable", ignore_index=True)

    @cached_property
    def _delivered_pairs(self) -> Firsts:
        rows = self.table("deliver", "uuid", "device")
        return Firsts.of(self.pair(rows["uuid"], rows["device"]))

    @cached_property
    def _shown_pairs(self) -> Firsts:
        """As `_delivered_pairs`, with rows of `shown`."""
        pairs = self._delivered_pairs
        if len(pairs.rows) == pairs.size:
            return pairs  # all were shown once
        place = np.cumsum(pairs.flags) - 1
        return Firsts(pairs.keys, place[pairs.rows], len(pairs.keys))

    def _first_by_uuid(self, kind: str) -> Integers:
        rows, codes = self.rows(kind), self.values(kind, "uuid")
        rows, codes = rows[codes >= 0], codes[codes >= 0]
        first = np.full(len(self.names("uuid")), MISSING, dtype=np.int64)
        first[codes[::-1]] = rows[::-1]
        return first

    def _known(self, column: str, kinds: tuple[str, ...]) -> Integers:
        """The column's first value by uuid; later kinds outrank earlier ones."""
        values = np.full(len(self.names("uuid")), MISSING, dtype=np.int64)
        for kind in kinds:
            rows = self.table(kind, "uuid", column)
            rows = rows[(rows["uuid"] >= 0) & (rows[column] >= 0)][::-1]
            values[rows["uuid"]] = rows[column]
        return values
