"""What people were told of presence, and what that can be held against: when each user was last heard of.

    sign of life   conn.open, heartbeat.sent     the device did its part
    renewal        conn.open, heartbeat.stored   the presence store has it until TTL later

What a read (`presence.read`) told was true at some time from its `start_ns` (else its own time) to its `t_ns`; what a
subscriber heard (`presence.change`) at some time in the ε before.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.checks.codes import MISSING, NEVER_NS, Integers
from reports.checks.columns import once
from reports.checks.facts import Facts

# What may be in flight between a device, its gateway and the store: one machine, one clock, busy event loops.
EPSILON_NS = 500_000_000


def seconds_ns(facts: Facts, setting: str) -> int | None:
    """A duration of the config's design in nanoseconds, None where it does not say."""
    value = facts.design.get(setting)
    return None if value is None else round(float(value) * 1e9)


@once
def presence_told(facts: Facts, state: str) -> pd.DataFrame:
    """Reads and changes that said `state`: user (whom it is about), device, start_ns, t_ns; index = event number.

    A read is an answer (`is_answer`), a change is not.
    """
    heard, reads = presence_changes(facts, state), presence_reads(facts, state)
    heard = heard.assign(start_ns=heard["t_ns"] - EPSILON_NS, is_answer=False)
    return pd.concat([reads.assign(is_answer=True), heard]).sort_index()


@once
def presence_reads(facts: Facts, state: str) -> pd.DataFrame:
    """Reads that answered `state`: user (who was asked about), device, start_ns, t_ns; index = event number."""
    rows = facts.table("presence.read", "reader", "device", "state", "start_ns", "t_ns")
    rows = rows.rename(columns={"reader": "user"})
    rows["start_ns"] = rows["start_ns"].where(rows["start_ns"] >= 0, rows["t_ns"])
    return rows[(rows["state"] == facts.code("state", state)) & (rows["user"] >= 0)].drop(columns="state")


@once
def presence_changes(facts: Facts, state: str) -> pd.DataFrame:
    """Changes that subscribers heard, to `state`: user (who came or went), device, t_ns; index = event number."""
    rows = facts.table("presence.change", "user", "device", "state", "t_ns")
    return rows[(rows["state"] == facts.code("state", state)) & (rows["user"] >= 0)].drop(columns="state")


@once
def life(facts: Facts, *kinds: str) -> pd.DataFrame:
    """Events of these kinds in time order: user, session, t_ns, event."""
    rows = pd.concat([facts.table(kind, "user", "device", "session", "t_ns") for kind in kinds])
    owner = np.append(facts.device_users, MISSING)[rows["device"]]
    rows["user"] = rows["user"].where(rows["user"] >= 0, owner)
    return rows.drop(columns="device").rename_axis("event").reset_index().sort_values("event", ignore_index=True)


def nearest(users: Integers, t_ns: Integers, among: pd.DataFrame, *, after: bool = False) -> Integers:
    """Row of `among` (from `life`): each user's last at or before the time, or the first strictly after it.

    MISSING where there is none.
    """
    # One number for a user and a row, so that one search finds both; rows before `passed` are at or before the time.
    step = len(among) + 1
    numbers = np.sort(among["user"].to_numpy() * step + np.arange(len(among)))
    passed = np.searchsorted(among["t_ns"].to_numpy(), t_ns, side="right")
    place = np.searchsorted(numbers, users * step + passed) - (0 if after else 1)
    nobody = -2 * step
    found = np.append(numbers, nobody)[np.where(place < 0, len(numbers), place)]
    return np.where(found // step == users, found % step, MISSING)


def times_ns(among: pd.DataFrame, rows: Integers, default: int = NEVER_NS) -> Integers:
    """Times of rows that `nearest` found, `default` where it found none."""
    return np.append(among["t_ns"].to_numpy(), default)[rows]


def events(among: pd.DataFrame, rows: Integers) -> Integers:
    """Event numbers of rows that `nearest` found."""
    return np.append(among["event"].to_numpy(), MISSING)[rows]
