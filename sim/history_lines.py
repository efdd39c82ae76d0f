"""Histories as JSON Lines, which any system can write: one event an object, in the fields of `sim.history`.

{"chatscale.history": 1}                                  optional: the schema's version
{"t_ns": 0, "kind": "config", "detail": "{…}"}
{"t_ns": 2000000000, "kind": "send.invoke", "device": "u3", "conv": "c17", "uuid": "a1", "cseq": 2}
{"t_ns": 2010000000, "kind": "send.ok", "device": "u3", "conv": "c17", "uuid": "a1"}
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import HistoryError

VERSION_KEY = "chatscale.history"
SUFFIXES = frozenset({".jsonl", ".ndjson"})


def read_lines(path: Path, kinds: Collection[str], version: int) -> list[dict[str, Any]]:
    """The events of a file as they stand in it. Raises HistoryError with what is wrong and in which line."""
    events: list[dict[str, Any]] = []
    strange: Counter[str] = Counter()
    first = 0
    # Not splitlines(), which breaks at U+2028 inside a string; a character cut short makes the line bad JSON or a
    # wrong string, not an error without a place.
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
        event = _object(line, f"{path}:{number}")
        if number == 1 and VERSION_KEY in event:
            if event[VERSION_KEY] != version:
                raise HistoryError(f"{path} has history schema {event[VERSION_KEY]!r}, this chatscale reads {version}")
            continue
        if "kind" not in event or "t_ns" not in event:
            raise HistoryError(f"{path}:{number}: an event needs 'kind' and 't_ns'")
        if not isinstance(event["t_ns"], int):
            raise HistoryError(f"{path}:{number}: t_ns must be whole nanoseconds, not {event['t_ns']!r}")
        if event["kind"] not in kinds:
            first = first if strange else number
            strange[str(event["kind"])] += 1
        events.append(event)
    if strange:
        counted = ", ".join(f"{kind!r} ({count:,})" for kind, count in strange.items())
        raise HistoryError(
            f"{path}:{first}: {strange.total():,} of {len(events):,} events are of unknown kinds: {counted}; "
            f"known: {', '.join(kinds)}"
        )
    return events


def write_lines(frame: pd.DataFrame, path: Path, version: int) -> None:
    """Write the fields that have a value, and the version in front."""
    known = {str(name): frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame}
    rows = (dict(zip(known, row, strict=True)) for row in zip(*known.values(), strict=True))
    with path.open("w", encoding="utf-8") as out:
        out.write(json.dumps({VERSION_KEY: version}) + "\n")
        for row in rows:
            fields = {name: value for name, value in row.items() if value is not None}
            out.write(json.dumps(fields, ensure_ascii=False) + "\n")


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except json.JSONDecodeError as error:
        raise HistoryError(f"{place}: not a JSON object, the file may be cut short: {error.msg}") from None
    if not isinstance(event, dict):
        raise HistoryError(f"{place}: an event needs 'kind' and 't_ns'")
    return event
