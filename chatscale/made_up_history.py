"""Histories of any size in no time: groups that write to each other, everything in order and on time.

    group     10 people, 9 of whom get each message
    message   send.invoke, send.ok, log.append, store.row, and per recipient wire.deliver, deliver and both receipts

Such a history holds what the checks look at and nothing to blame, so that its checking can be timed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.history import KINDS, History

PEOPLE = 10
MESSAGES = 50
DELIVERIES = MESSAGES * (PEOPLE - 1)
_GAP_NS = 40_000_000
_STEP_NS = 1_000_000

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """Conversations `first` to `first + count` and what is written in them."""

    first: int
    count: int

    def history(self) -> History:
        """All their events, and one of each that a history needs."""
        parts = [self._config(), self._people("conn.open", 0), *self._sends(), *self._arrivals(), *self._presence()]
        parts.append(_events("quiesce", np.array([(MESSAGES + 200) * _GAP_NS])))
        frame = pd.concat([_coded(part) for part in parts], ignore_index=True).sort_values("t_ns", kind="stable")
        return History.from_frame(self._named(frame.reset_index(drop=True)))

    def _config(self) -> pd.DataFrame:
        convs = range(self.first, self.first + self.count)
        members = {f"c{conv}": [f"u{conv * PEOPLE + i}" for i in range(PEOPLE)] for conv in convs}
        design = {"heartbeat_s": 15.0, "presence_ttl_s": 35.0, "conn_ttl_s": 90.0, "cursor": "sequence"}
        thresholds = {"delivery_p99": 0.5, "ack_p99": 0.2}
        detail = json.dumps({"members": members, "design": design, "thresholds": thresholds})
        return _events("config", np.array([0]), detail=np.array([detail], dtype=object))

    def _people(self, kind: str, t_ns: int, **more: Any) -> pd.DataFrame:
        users = np.arange(self.count * PEOPLE)
        given = {"device": users, "user": users, "session": users, **more}
        return _events(kind, np.full(len(users), t_ns), **given)

    @property
    def _messages(self) -> dict[str, Integers]:
        uuid = np.arange(self.count * MESSAGES)
        conv, number = np.divmod(uuid, MESSAGES)
        sender, cseq = number % PEOPLE, number // PEOPLE
        sent_ns = (number + 2) * _GAP_NS + conv * 7
        return {"uuid": uuid, "conv": conv, "device": conv * PEOPLE + sender, "cseq": cseq, "seq": number, "t": sent_ns}

    def _sends(self) -> list[pd.DataFrame]:
        m = self._messages
        about = {"uuid": m["uuid"], "conv": m["conv"]}
        who = {"device": m["device"], "user": m["device"]}
        ids = {"message_id": (m["seq"] << 40) + self.first * MESSAGES + m["uuid"]}
        place = {"partition": m["conv"] % 16, "offset": m["seq"] * self.count + m["conv"]}
        written = {"hash": m["uuid"], "cseq": m["cseq"], "intended_ns": m["t"]}
        end_ns = np.full(len(m["t"]), (MESSAGES + 201) * _GAP_NS)
        return [
            _events("send.invoke", m["t"], **about, **who, **written),
            _events("log.append", m["t"] + _STEP_NS, **about, **ids, **place),
            _events("send.ok", m["t"] + 2 * _STEP_NS, **about, **who, **ids),
            _events("store.row", end_ns, **about, **ids, seq=m["seq"], hash=m["uuid"]),
        ]

    def _arrivals(self) -> list[pd.DataFrame]:
        m = {name: np.repeat(column, PEOPLE - 1) for name, column in self._messages.items()}
        other = np.tile(np.arange(1, PEOPLE), self.count * MESSAGES)
        reader = m["conv"] * PEOPLE + (m["device"] + other) % PEOPLE
        about = {"uuid": m["uuid"], "conv": m["conv"]}
        who = {"device": reader, "user": reader}
        sender = {"device": m["device"], "user": m["device"]}
        shown_ns = m["t"] + 3 * _STEP_NS + other * 1000
        arrival = {**about, **who, "session": reader, "seq": m["seq"], "via": np.zeros_like(reader)}
        arrival["message_id"] = (m["seq"] << 40) + self.first * MESSAGES + m["uuid"]
        said = {**about, "state": np.zeros_like(reader)}
        return [
            _events("wire.deliver", shown_ns, **arrival),
            _events("deliver", shown_ns + 1, **arrival, hash=m["uuid"], stored_ns=m["t"] + _STEP_NS),
            _events("receipt.send", shown_ns + 2, **said, **who),
            _events("receipt.seen", shown_ns + 2 * _STEP_NS, **said, **sender, reader=reader),
        ]

    def _presence(self) -> list[pd.DataFrame]:
        users = np.arange(self.count * PEOPLE)
        asked = {"device": users, "user": users, "reader": users ^ 1, "state": np.ones_like(users)}
        return [_events("presence.read", np.full(len(users), 5 * _GAP_NS), **asked)]

    def _named(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Names for the codes: people and conversations by their own numbers, so that groups do not share them."""
        convs, people = self.count, self.count * PEOPLE
        users = [f"u{self.first * PEOPLE + i}" for i in range(people)]
        uuids = [f"m{self.first * MESSAGES + i}" for i in range(convs * MESSAGES)]
        names = {"conv": [f"c{self.first + i}" for i in range(convs)], "uuid": uuids, "hash": uuids}
        names |= {"device": users, "user": users, "reader": users, "session": [f"{user}.1" for user in users]}
        names |= {"via": ["push"], "state": ["delivered", "online"]}
        for column, known in names.items():
            codes = frame[column].fillna(-1).astype("int64")
            frame[column] = pd.Categorical.from_codes(codes, categories=pd.Index(known, dtype="str"))
        return frame


def _events(kind: str, t_ns: Integers, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"t_ns": t_ns, "kind": kind, **columns})


def _coded(part: pd.DataFrame) -> pd.DataFrame:
    """Integers beside gaps stay integers; the kinds share one list."""
    numbers = {name: "Int64" for name in part if name not in ("t_ns", "kind", "detail")}
    return part.astype({**numbers, "kind": pd.CategoricalDtype(list(KINDS))})
