"""A History: what happened, in either world, as one list of events on one monotonic clock.

    kind             what happened                               fields besides t_ns
    config           settings the checks need, first event       detail (JSON, see sim.settings)
    conn.open        a device's session is ready                 device user session gateway
    conn.close       it ended                                    device user session gateway cause
    send.invoke      a device sent a message                     device user conv cseq uuid hash size_bytes intended_ns
    send.ok          the server acknowledged it                  device user conv uuid message_id
    send.fail        the server refused it: it must not exist    device user conv uuid cause
    send.info        nobody knows                                device user conv uuid cause
    log.append       an independent reader saw it in the log     conv uuid message_id partition offset
    store.row        the final scan of the store holds it        conv uuid message_id seq hash
    wire.deliver     a frame reached the device, maybe again     device user session conv uuid message_id seq via
    deliver          the device showed it: once, in order        as wire.deliver, hash and the stamps below
    receipt.send     a device said delivered or read             device user conv uuid state
    receipt.seen     the sender's device learned it              device user conv uuid state reader
    heartbeat.sent   a device renewed its presence               device user session
    heartbeat.stored and the presence store has it               device user session
    presence.read    a device asked: is user `reader` online?    device user reader state start_ns, maybe last_seen_ns
    presence.change  and was told afterwards: `user` came, went  device user state
    media.put        the bytes of its medium are in the store    device user conv uuid size_bytes start_ns
    media.get        a device fetched them, or not and why       as media.put, hash cause
    push             an offline recipient was notified           user conv uuid
    fault.start/stop a fault was injected, undone                target cause, value (see below)
    sample           a gauge (state: cpu_s, rss_bytes, backlog)  target state value
    quiesce          load has ended, everything had time to arrive

Systems that can tell may write these too; without them the checks that need them have nothing to judge:

    cursor           a device named the place it has read up to  device user session conv cursor
    registry.read    where is this user connected? none: nowhere user gateway start_ns

`t_ns` counts from the start of the trace. A completed operation also has the time it began in `start_ns`.
In `presence.change` the device is the subscriber's, if it is known, and the user is whom it is about.
`deliver` carries the way of the message as stamps (ns, same clock), see `sim.hops`.
Ids are strings (device and user `u17`, `c5`, session `u17.2`); `message_id`, `seq`, `partition`, `offset` are integers,
missing where unknown. A `cursor` is a `seq`, or a `message_id` where the design's cursor is by id. `last_seen_ns` is
when somebody was last online, on the same clock. `via` is push, resume, or pull, where a connected device fetched what
it had been told of; `state` is delivered or read for receipts,
online or offline for presence.
The `value` of a `fault.stop` is how many connections or answers a fault of the network hit; others count nothing.
Samples of one process are cumulative CPU seconds (`cpu_s`), bytes (`rss_bytes`) or waiting records (`backlog`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import HistoryError
from sim.history_columns import blank_columns, frame_of
from sim.history_lines import SUFFIXES, VERSION_KEY, read_lines, write_lines

SCHEMA_VERSION = 1
KINDS = (
    *(
        "config",
        "conn.open",
        "conn.close",
        "send.invoke",
        "send.ok",
        "send.fail",
        "send.info",
        "log.append",
        "store.row",
    ),
    *(
        "wire.deliver",
        "deliver",
        "receipt.send",
        "receipt.seen",
        "heartbeat.sent",
        "heartbeat.stored",
        "presence.read",
    ),
    *("media.put", "media.get", "push", "fault.start", "fault.stop", "sample", "quiesce"),
    *("cursor", "registry.read", "presence.change"),
)
LIVE = ("push", "pull")
STAMPS = ("accepted_ns", "polled_ns", "started_ns", "stored_ns", "routed_ns", "pushed_ns")
_STRINGS = (
    "device",
    "user",
    "session",
    "gateway",
    "conv",
    "uuid",
    "hash",
    "via",
    "reader",
    "state",
    "cause",
    "target",
)
_INTEGERS = (
    "cseq",
    "size_bytes",
    "message_id",
    "seq",
    "partition",
    "offset",
    "intended_ns",
    "start_ns",
    "cursor",
    "last_seen_ns",
    *STAMPS,
)
_DTYPES: dict[str, Any] = {
    "t_ns": "int64",
    "kind": pd.CategoricalDtype(list(KINDS)),
    **dict.fromkeys(_STRINGS, "category"),
    **dict.fromkeys(_INTEGERS, "Int64"),
    "value": "float64",
    "detail": "str",
}
_DTYPES |= {"uuid": "str"}
COLUMNS = tuple(_DTYPES)


@dataclass(frozen=True)
class History:
    """Events by time. Index = position = the event's number in reports.

    `disorder` counts the events that stood behind a later one in the file they were read from.
    """

    frame: pd.DataFrame
    disorder: int = 0

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]]) -> History:
        """A history from event dictionaries in any order. Raises HistoryError for what the schema does not know."""
        rows = list(events)
        fields = dict.fromkeys(field for row in rows for field in row)
        # Column by column: a frame of dictionaries holds integers beside gaps as floats, and ids lose their low bits.
        return cls.from_frame(
            pd.DataFrame({field: pd.Series([row.get(field) for row in rows], dtype=object) for field in fields})
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> History:
        """Coerce to the schema and order by time; equal times keep the order given."""
        if frame.empty:
            raise HistoryError("the history holds no events; was the run interrupted before it began?")
        if unknown := sorted(set(frame.columns) - set(COLUMNS)):
            raise HistoryError(f"unknown event fields: {', '.join(unknown)}; known: {', '.join(COLUMNS)}")
        for column in ("t_ns", "kind"):
            if column not in frame or frame[column].isna().any():
                raise HistoryError(f"every event needs {column!r}")
        if strange := sorted(set(frame["kind"].astype(str).unique()) - set(KINDS)):
            raise HistoryError(f"unknown event kinds: {', '.join(strange)}; known: {', '.join(KINDS)}")
        try:
            shaped = frame.reindex(columns=list(COLUMNS)).astype(_DTYPES)
        except (TypeError, ValueError, OverflowError) as error:
            raise HistoryError(f"an event field has the wrong type: {error}") from error
        return cls(shaped.sort_values("t_ns", kind="stable", ignore_index=True))

    def of_kind(self, *kinds: str) -> pd.DataFrame:
        """Rows of these kinds, with their event numbers as index."""
        return self.frame[self.frame["kind"].isin(kinds)]

    @property
    def config(self) -> dict[str, Any]:
        """Settings of the `config` event; empty when there is none. Raises HistoryError for what is no JSON object."""
        rows = self.of_kind("config")
        try:
            return dict(json.loads(rows["detail"].iloc[0])) if len(rows) else {}
        except (TypeError, ValueError) as error:
            raise HistoryError(f"the config event's detail is not a JSON object: {error}") from error

    @property
    def quiesced_ns(self) -> int | None:
        """When load had ended and everything had had time to arrive; None when the run never got there."""
        rows = self.of_kind("quiesce")
        return int(rows["t_ns"].iloc[-1]) if len(rows) else None

    def save(self, path: Path) -> None:
        """Write as Parquet, or as JSON Lines to a .jsonl, with the schema's version."""
        if path.suffix in SUFFIXES:
            write_lines(self.frame, path, SCHEMA_VERSION)
            return
        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        own = {VERSION_KEY.encode(): str(SCHEMA_VERSION).encode()}
        pq.write_table(
            table.replace_schema_metadata({**(table.schema.metadata or {}), **own}), path, compression="zstd"
        )

    @classmethod
    def load(cls, path: Path) -> History:
        """Read Parquet, or JSON Lines with one event an object. Raises HistoryError with what is wrong and where."""
        if not path.is_file():
            raise HistoryError(
                f"no history at {path}; a run leaves history-sim.parquet and history-real.parquet in its folder"
            )
        return cls._load_lines(path) if path.suffix in SUFFIXES else cls._load_parquet(path)

    @classmethod
    def load_columns(cls, path: Path, columns: Collection[str]) -> History:
        """Read only these columns of Parquet, ids as categories: much quicker, for whoever knows what it needs.

        Raises HistoryError as `load` does, and for events that are not in the order of time.
        """
        blank = blank_columns(path, columns)
        filled = [name for name in columns if name not in blank]
        table = cls._read_parquet(path, columns=filled, read_dictionary=["kind", *_STRINGS], use_threads=False)
        frame = frame_of(table, blank, _DTYPES)
        if not frame["t_ns"].is_monotonic_increasing:
            raise HistoryError(f"{path} is not in the order of time; load it whole and save it again")
        if strange := sorted(set(frame["kind"].cat.categories) - set(KINDS)):
            raise HistoryError(f"unknown event kinds: {', '.join(strange)}; known: {', '.join(KINDS)}")
        return cls(frame.astype({"kind": _DTYPES["kind"]}))

    @classmethod
    def _load_parquet(cls, path: Path) -> History:
        frame = cls._read_parquet(path).to_pandas()
        return replace(cls.from_frame(frame), disorder=_falls(frame["t_ns"]))

    @classmethod
    def _read_parquet(cls, path: Path, **more: Any) -> pa.Table:
        try:
            table = pq.read_table(path, **more)
        except (OSError, pa.ArrowException) as error:
            raise HistoryError(f"{path} cannot be read, it may be cut short: {error}") from error
        version = (table.schema.metadata or {}).get(VERSION_KEY.encode(), b"none").decode()
        if version != str(SCHEMA_VERSION):
            raise HistoryError(f"{path} has history schema {version}, this chatscale reads {SCHEMA_VERSION}")
        return table

    @classmethod
    def _load_lines(cls, path: Path) -> History:
        events = read_lines(path, KINDS, SCHEMA_VERSION)
        return replace(cls.of(events), disorder=_falls(pd.Series([event["t_ns"] for event in events], dtype="int64")))


def _falls(t_ns: pd.Series) -> int:
    """How many times are earlier than the one before them."""
    return int((t_ns.diff() < 0).sum())
