"""A Trace: what people do, by the time they mean to do it. The same bytes drive both worlds.

    t_ns  action      user conv uuid cseq text size_bytes
       0  join          17    5                              17 is a member of conversation 5
     120  connect       17
     431  send          17    5 …a1     1   …        33
     900  open          17    5                              presence of the members is asked for
    1200  read          17    5                              everything delivered so far is read
    2000  heartbeat     17
    9000  crash         17                                   the socket goes without a goodbye

Rows are ordered by `t_ns` (nanoseconds from the start of the run, intended). `join` rows come first, at 0: they are the
membership, written before the run starts. A user has device 0, and maybe others, each with sockets of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import UsageError

ACTIONS = ("join", "connect", "disconnect", "crash", "heartbeat", "send", "open", "read")
_DTYPES: dict[str, Any] = {
    "t_ns": "int64",
    "action": pd.CategoricalDtype(list(ACTIONS)),
    "user": "int32",
    "conv": "int32",  # -1 where the action has none
    "uuid": "str",  # the client's UUID of a message, else ""
    "cseq": "int32",  # 1, 2, 3 … per conversation and device, else 0
    "size_bytes": "int32",  # length of the text, else 0
    "device": "int8",  # 0, or the number of another device of the user
}


class Action(NamedTuple):
    """One row of a trace."""

    t_ns: int
    action: str
    user: int
    conv: int = -1
    uuid: str = ""
    cseq: int = 0
    size_bytes: int = 0
    device: int = 0

    @classmethod
    def all_of(cls, frame: pd.DataFrame) -> list[Action]:
        """The rows of a trace's frame."""
        columns = (frame[name].tolist() for name in cls._fields)
        return [cls(*values) for values in zip(*columns, strict=True)]


def device_name(user: int, device: int) -> str:
    """`u17`, and `u17/1` for that user's second device."""
    return f"u{user}/{device}" if device else f"u{user}"


@dataclass(frozen=True)
class Trace:
    """Rows of the picture above, with the seed that drew them and the length of the run they are for."""

    frame: pd.DataFrame
    seed: int
    duration_s: float

    @classmethod
    def of(cls, actions: Iterable[Action], seed: int, duration_s: float) -> Trace:
        """A trace from rows in any order; equal times keep the order given. Raises ValueError for unknown actions."""
        frame = _shaped(pd.DataFrame(list(actions), columns=list(_DTYPES)))
        return cls(frame.sort_values("t_ns", kind="stable", ignore_index=True), seed, duration_s)

    @cached_property
    def members(self) -> dict[int, tuple[int, ...]]:
        """Members of each conversation, ascending."""
        joins = self.frame[self.frame.action == "join"]
        found: dict[int, list[int]] = {}
        for conv, user in zip(joins["conv"].tolist(), joins["user"].tolist(), strict=True):
            found.setdefault(conv, []).append(user)
        return {conv: tuple(sorted(users)) for conv, users in found.items()}

    @property
    def actions(self) -> pd.DataFrame:
        """All rows but the joins."""
        return self.frame[self.frame.action != "join"]

    @property
    def message_count(self) -> int:
        """Messages that people mean to send."""
        return int((self.frame.action == "send").sum())

    @cached_property
    def devices(self) -> list[tuple[int, int]]:
        """Every (user, device) that does something or belongs to a conversation, ascending."""
        pairs = self.frame[["user", "device"]].drop_duplicates()
        return sorted(zip(pairs["user"].tolist(), pairs["device"].tolist(), strict=True))

    def digest(self) -> str:
        """SHA-256 of the content: two traces with one digest are the same to the byte."""
        hashed = hashlib.sha256()
        # A trace in which everybody has one device is what it was before there could be more.
        for column in _DTYPES if self.frame["device"].any() else tuple(_DTYPES)[:-1]:
            hashed.update("\x1f".join(self.frame[column].astype(str)).encode())
        return hashed.hexdigest()

    def save(self, path: Path) -> None:
        """Write as Parquet; seed and duration ride in the file's metadata."""
        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        own = {
            b"chatscale.seed": str(self.seed).encode(),
            b"chatscale.duration_s": repr(self.duration_s).encode(),
        }
        pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **own}), path)

    @classmethod
    def load(cls, path: Path) -> Trace:
        """Read what `save` wrote. Raises UsageError when it is something else."""
        try:
            table = pq.read_table(path)
            metadata: dict[bytes, Any] = table.schema.metadata or {}
            frame = _shaped(table.to_pandas())
            return cls(frame, int(metadata[b"chatscale.seed"]), float(metadata[b"chatscale.duration_s"]))
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise UsageError(f"{path} is not a trace: {error}") from error


def _shaped(frame: pd.DataFrame) -> pd.DataFrame:
    if strange := sorted(set(frame["action"].astype(str)) - set(ACTIONS)):
        raise ValueError(f"unknown actions: {', '.join(strange)}; known: {', '.join(ACTIONS)}")
    return frame.assign(device=frame.get("device", 0))[list(_DTYPES)].astype(_DTYPES)
