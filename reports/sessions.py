"""Who was there when: the sessions that `conn.open` and `conn.close` bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.history import History


@dataclass(frozen=True, slots=True)
class Sessions:
    """Openings and closings in order of time: columns `t_ns`, `user`, `step` (±1), `open` (of that user, after it)."""

    frame: pd.DataFrame

    @classmethod
    def of(cls, history: History) -> Sessions:
        """Sessions of a history; a session opens and closes once."""
        rows = history.of_kind("conn.open", "conn.close").drop_duplicates(["session", "kind"])
        step = pd.Series(np.where(rows["kind"] == "conn.open", 1, -1), rows.index)
        users = rows["user"].astype("str")
        steps = {"t_ns": rows["t_ns"], "user": users, "step": step, "open": step.groupby(users).cumsum()}
        return cls(pd.DataFrame(steps).reset_index(drop=True))

    def over_time(self, end_s: float) -> pd.DataFrame:
        """Sessions open after each opening and closing up to `end_s`: columns `t_s`, `open`; starts at 0."""
        rows = self.frame[self.frame["t_ns"] <= end_s * 1e9]
        return pd.DataFrame({"t_s": np.r_[0.0, rows["t_ns"] / 1e9], "open": np.r_[0, rows["step"].cumsum()]})

    def stays(self, users: pd.Series, start_ns: pd.Series, end_ns: pd.Series) -> NDArray[np.bool_]:
        """Whether each user was there at the start and did not come or go until the end."""
        before, after = self._last_event(users, start_ns), self._last_event(users, end_ns)
        return np.asarray((before == after) & (self._open(before) > 0))

    def absent(self, users: pd.Series, start_ns: pd.Series, end_ns: pd.Series) -> NDArray[np.bool_]:
        """Whether each user was away at the start and did not come until the end."""
        before, after = self._last_event(users, start_ns), self._last_event(users, end_ns)
        return np.asarray((before == after) & (self._open(before) <= 0))

    def _last_event(self, users: pd.Series, t_ns: pd.Series) -> NDArray[np.int64]:
        """Position of each user's last event at or before each time, −1 before the first."""
        asked = pd.DataFrame({"t_ns": t_ns.to_numpy("int64"), "user": users.astype("str").array})
        events = self.frame[["t_ns", "user"]].assign(event=np.arange(len(self.frame)))
        found = pd.merge_asof(asked.reset_index().sort_values("t_ns"), events, on="t_ns", by="user")
        return np.asarray(found.sort_values("index")["event"].fillna(-1), dtype="int64")

    def _open(self, event: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.append(self.frame["open"].to_numpy("int64"), 0)[event]
