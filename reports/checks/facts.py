"""A History as the checks read it: names as small integers, what they share computed once.

    table(kind, columns)   events of one kind; index = event number; strings as codes, missing = MISSING
    messages               one row a uuid: who sent it where, what became of it, from when it is due
    delivers, shown        every deliver event; the first of each (device, message)
    owed                   one row a (message, recipient's device) that must meet

Everything is linear in events, with loops only inside numpy and pandas.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.checks.codes import MISSING, NEVER_NS, Integers
from reports.checks.order import Canon, Climb
from sim.history import KINDS, History


def facts_of(history: History) -> Facts:
    """The history itself if it already holds facts, so that checks that run together share them."""
    return history if isinstance(history, Facts) else Facts(history.frame)


class Facts(History):
    """A History with cached tables. Codes index `names(column)`; `reader` shares the codes of `user`."""

    def table(self, kind: str, *columns: str) -> pd.DataFrame:
        """Integer columns of the events of one kind, in time order."""
        rows = self._rows(kind)
        return pd.DataFrame({column: self._integers(column, rows) for column in columns}, index=rows)

    def names(self, column: str) -> pd.Index[Any]:
        """The string behind each code of a column."""
        if column == "uuid":
            return self._uuids[1]
        return self._users if column in {"user", "reader"} else self.frame[column].cat.categories

    def code(self, column: str, name: str) -> int:
        """The code of a name, MISSING if no event bears it."""
        return int(self.names(column).get_indexer(pd.Index([name]))[0])

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
            rows[column] = np.where(sent >= 0, self._integers(column, sent), MISSING)
        proofs = self._times(rows[["logged", "stored", "delivered"]].to_numpy()).min(axis=1, initial=NEVER_NS)
        acked, refused = rows["ok"] >= 0, rows["refused"] >= 0
        rows["due_ns"] = np.where(acked, self._times(rows["ok"].to_numpy()), proofs)
        rows["proven"] = (rows["sent"] >= 0) & (acked | ((proofs < NEVER_NS) & ~refused))
        return rows

    @cached_property
    def delivers(self) -> pd.DataFrame:
        """Every deliver event: device conv uuid session via hash t_ns, its user, and whether it is the first copy."""
        rows = self.table("deliver", "device", "conv", "uuid", "session", "via", "hash", "t_ns")
        rows["user"] = self.device_users[rows["device"]]
        rows["first"] = ~pd.Index(self.pair(rows["uuid"], rows["device"])).duplicated()
        return rows

    @cached_property
    def shown(self) -> pd.DataFrame:
        """First deliver of each (device, message), in time order; index = event number."""
        return self.delivers[self.delivers["first"]]

    def pair(self, uuid: pd.Series, device: pd.Series) -> Integers:
        """One number for a (message, device)."""
        numbers: Integers = uuid.to_numpy() * max(len(self.names("device")), 1) + device.to_numpy()
        return numbers

    def first_shown(self, uuid: pd.Series, device: pd.Series) -> Integers:
        """Row of `shown` (0, 1, 2 …) for each (message, device), MISSING where it was never shown."""
        return self._shown_pairs.get_indexer(pd.Index(self.pair(uuid, device))).astype(np.int64)

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
        sources = {"seq": ("deliver", "store.row"), "offset": ("log.append",), "partition": ("log.append",)}
        sources["message_id"] = ("send.ok", "log.append", "deliver", "store.row")
        known = {column: self._known(column, kinds) for column, kinds in sources.items()}
        return Canon.of(self.messages.assign(**known), len(self.names("conv")))

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
        opens, closes = (
            self.table(kind, "device", "t_ns").query("device >= 0") for kind in ("conn.open", "conn.close")
        )
        ended = np.full(size, MISSING, dtype=np.int64)
        ended[closes["device"]] = closes["t_ns"]
        still = np.bincount(opens["device"], minlength=size) > np.bincount(closes["device"], minlength=size)
        ended[still] = NEVER_NS
        return ended

    @cached_property
    def owed(self) -> pd.DataFrame:
        """What recipients are due: uuid, device, conv, due_ns and `shown` (row of `shown`, or MISSING).

        Recipients are the members of the conversation without the sender; a device that had no open session after the
        message was due is owed nothing.
        """
        sent, homes = self.messages[self.messages["proven"] & (self.messages["conv"] >= 0)], self._member_devices
        row, home = _matches(sent["conv"].to_numpy(), homes["conv"].to_numpy())
        owed: pd.DataFrame = pd.DataFrame(
            {"uuid": sent.index.to_numpy()[row], "device": homes["device"].to_numpy()[home]}
        )
        for name in ("conv", "due_ns"):
            owed[name] = sent[name].to_numpy()[row]
        others = homes["user"].to_numpy()[home] != self.device_users[sent["device"]][row]
        owed = owed[others & (self.open_until_ns[owed["device"]] > owed["due_ns"])].reset_index(drop=True)
        owed["shown"] = self.first_shown(owed["uuid"], owed["device"])
        return owed

    @cached_property
    def silence(self) -> str | None:
        """Why no check of messages may pass, if so: nothing was acknowledged, or nothing delivered."""
        if not (self.messages["ok"] >= 0).any():
            return "no send was acknowledged: nothing was promised that could be broken"
        return None if len(self.delivers) else "no device showed any message: nothing was seen"

    def session_times_ns(self, kind: str) -> Integers:
        """By session: when it opened (kind `conn.open`) or closed (`conn.close`), NEVER_NS where it did not."""
        rows = self.table(kind, "session", "t_ns").query("session >= 0")
        times = np.full(len(self.names("session")) + 1, NEVER_NS, dtype=np.int64)  # the last is for MISSING
        times[rows["session"]] = rows["t_ns"]
        return times

    @cached_property
    def _member_devices(self) -> pd.DataFrame:
        """Columns conv, user, device, ordered by conversation."""
        devices = pd.DataFrame({"user": self.device_users, "device": np.arange(len(self.device_users))})
        return self.members.merge(devices, on="user").sort_values("conv", kind="stable", ignore_index=True)

    @cached_property
    def _shown_pairs(self) -> pd.Index[Any]:
        return pd.Index(self.pair(self.shown["uuid"], self.shown["device"]))

    @cached_property
    def _users(self) -> pd.Index[Any]:
        users = self.frame["user"].cat.categories
        return users.append(self.frame["reader"].cat.categories.difference(users))

    @cached_property
    def _uuids(self) -> tuple[Integers, pd.Index[Any]]:
        codes, names = pd.factorize(self.frame["uuid"])
        return codes.astype(np.int64), pd.Index(names)

    @cached_property
    def _kind_codes(self) -> NDArray[Any]:
        return self.frame["kind"].cat.codes.to_numpy()

    def _rows(self, kind: str) -> Integers:
        return np.flatnonzero(self._kind_codes == KINDS.index(kind))

    def _integers(self, column: str, rows: Integers) -> Integers:
        if column == "uuid":
            return self._uuids[0][rows]
        values = self.frame[column].iloc[rows]
        if not isinstance(values.dtype, pd.CategoricalDtype):
            return values.to_numpy(dtype="int64", na_value=MISSING)
        codes = values.cat.codes.to_numpy().astype(np.int64)
        if column != "reader":
            return codes
        shared = self.names("user").get_indexer(values.cat.categories)
        return np.append(shared, MISSING).astype(np.int64)[codes]

    def _first_by_uuid(self, kind: str) -> Integers:
        rows = self._rows(kind)
        codes = self._uuids[0][rows]
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

    def _times(self, events: Integers) -> Integers:
        """Time of each event number, NEVER_NS for MISSING."""
        times = np.append(self.frame["t_ns"].to_numpy(), NEVER_NS)
        return times[events]


def _matches(left: Integers, right: Integers) -> tuple[Integers, Integers]:
    """Places of all pairs with left[i] == right[j], of small numbers; `right` is sorted."""
    counts = np.bincount(right, minlength=int(left.max(initial=0)) + 1)
    copies = counts[left]
    rows = np.repeat(np.arange(len(left)), copies)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(copies) - copies, copies)
    return rows, (np.cumsum(counts) - counts)[left][rows] + within
