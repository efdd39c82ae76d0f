"""The driver's notebook: events with the machine's monotonic clock, written as Parquet at the end."""

from __future__ import annotations

import time
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sim.history import History


class Events:
    """Collects events; times are absolute monotonic nanoseconds until the histories are joined."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()

    def add(self, kind: str, t_ns: int | None = None, **fields: Any) -> None:
        """Note an event, now unless told otherwise."""
        self.counts[kind] += 1
        self._rows.append({"t_ns": time.monotonic_ns() if t_ns is None else t_ns, "kind": kind, **fields})

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Everything so far."""
        return self._rows

    def save(self, path: Path) -> None:
        """Write all events."""
        History.of(self._rows).save(path)


def text_hash(text: str, media: str = "") -> str:
    """The hash by which a history compares contents: the text, and the digest of what goes with it."""
    return blake2b((text + media).encode(), digest_size=8).hexdigest()


def text_of(uuid: str, size_bytes: int) -> str:
    """The text of a message in a trace: its own UUID, repeated to its length, so that contents differ."""
    return (uuid * (size_bytes // len(uuid) + 1))[:size_bytes]
