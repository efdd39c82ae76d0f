"""A history that can be tampered with: events found, dropped, moved, changed and added, and read as a history again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from sim.history import History

ARRIVAL = ("wire.deliver", "deliver", "receipt.send")


class Tape:
    """A copy of a history's events; indices stay those of the original."""

    def __init__(self, history: History) -> None:
        self.frame = history.frame.copy()
        self._added: list[dict[str, Any]] = []

    def find(self, *kinds: str, **fields: Any) -> pd.DataFrame:
        """Events of these kinds with these fields, in order."""
        rows = self.frame[self.frame["kind"].isin(kinds)]
        for name, value in fields.items():
            rows = rows[(rows[name] == value).fillna(False)]
        return rows

    def drop(self, *kinds: str, **fields: Any) -> None:
        """Forget the events that `find` finds."""
        self.frame = self.frame.drop(self.find(*kinds, **fields).index)

    def drop_arrival(self, uuid: str, device: str) -> None:
        """One message never reached one device, and so nobody heard of it from there."""
        self.drop(*ARRIVAL, uuid=uuid, device=device)
        self.drop("receipt.seen", uuid=uuid, reader=device)

    def change(self, events: Iterable[Any], **fields: Any) -> None:
        """Give these events other fields."""
        rows = self.frame.loc[list(events)]
        self._added += [{**_fields(row), **fields} for _, row in rows.iterrows()]
        self.frame = self.frame.drop(rows.index)

    def move_arrival(self, uuid: str, device: str, to_ns: int) -> None:
        """One message was shown on one device at another time; its receipts went back at the very end."""
        self.change(self.find(*ARRIVAL, uuid=uuid, device=device).index, t_ns=to_ns)
        self.change(self.find("receipt.seen", uuid=uuid, reader=device).index, t_ns=self.end_ns)

    def add(self, **fields: Any) -> None:
        """One event more."""
        self._added.append(fields)

    def repeat(self, event: pd.Series, **fields: Any) -> None:
        """One event more, like this one but for these fields."""
        self._added.append({**_fields(event), **fields})

    def configure(self, **settings: Any) -> None:
        """Other settings in the config event; `design` is laid over what is there."""
        config = self.find("config")
        known = json.loads(config["detail"].iloc[0])
        design = {**known.get("design", {}), **settings.pop("design", {})}
        self.change(config.index, detail=json.dumps({**known, **settings, "design": design}))

    @property
    def end_ns(self) -> int:
        """When the load had ended and everything had arrived."""
        return int(self.find("quiesce")["t_ns"].iloc[0])

    def history(self) -> History:
        """The events as they are now."""
        added = pd.DataFrame({name: [row.get(str(name)) for row in self._added] for name in self.frame}, dtype=object)
        parts = [self.frame.astype(object), added] if self._added else [self.frame]
        return History.from_frame(pd.concat(parts, ignore_index=True))


def _fields(row: pd.Series) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if pd.notna(value)}
