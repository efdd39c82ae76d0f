"""A History as integers: every name a small code, every event its number.

table("deliver", "device", "uuid")      index = event number; MISSING where a field is empty

      device  uuid
#17        4     9        names("device")[4] == "u5"
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.checks.codes import MISSING, NEVER_NS, Integers
from sim.history import KINDS, History

_History = TypeVar("_History", bound="Columns")
_Asked = ParamSpec("_Asked")
_Found = TypeVar("_Found")


def once(
    compute: Callable[Concatenate[_History, _Asked], _Found],
) -> Callable[Concatenate[_History, _Asked], _Found]:
    """Compute it once a history for whatever is asked, for all checks together: nobody may write into what it gives."""

    @wraps(compute)
    def kept(history: _History, /, *asked: _Asked.args, **more: _Asked.kwargs) -> _Found:
        key = (compute, asked, *more.items())
        if key not in history.kept:
            history.kept[key] = compute(history, *asked, **more)
        found: _Found = history.kept[key]
        return found

    return kept


class Columns(History):
    """A History whose columns are read once. Codes index `names(column)`; `reader` shares the codes of `user`."""

    def table(self, kind: str, *columns: str) -> pd.DataFrame:
        """Integer columns of the events of one kind, in time order."""
        columns_of = {column: self.values(kind, column) for column in columns}
        return pd.DataFrame(columns_of, index=self.rows(kind), copy=False)

    def of_kind(self, *kinds: str) -> pd.DataFrame:
        """See `History`; the other events are not looked at."""
        return self.frame.iloc[np.sort(np.concatenate([self.rows(kind) for kind in kinds]))]

    @property
    def quiesced_ns(self) -> int | None:
        """See `History`."""
        ends = self.rows("quiesce")
        return int(self._times[ends[-1]]) if len(ends) else None

    @once
    def values(self, kind: str, column: str) -> Integers:
        """One integer column of the events of one kind."""
        read = self.at(column, self.rows(kind))
        read.flags.writeable = False
        return read

    @once
    def rows(self, kind: str) -> Integers:
        """Numbers of the events of one kind."""
        rows = np.flatnonzero(self.frame["kind"].cat.codes.to_numpy() == KINDS.index(kind))
        rows.flags.writeable = False
        return rows

    def at(self, column: str, events: Integers) -> Integers:
        """An integer column of these events, which must all be events of the history."""
        if column == "uuid":
            uuids: Integers = self._uuids[0][events].astype(np.int64)
            return uuids
        values = self.frame[column].array[events]
        if not isinstance(values, pd.Categorical):
            numbers: Integers = values.to_numpy(dtype="int64", na_value=MISSING)
            return numbers
        codes: Integers = values.codes.astype(np.int64)
        if column != "reader":
            return codes
        shared = self.names("user").get_indexer(values.categories)
        return np.append(shared, MISSING).astype(np.int64)[codes]

    def times(self, events: Integers) -> Integers:
        """Time of each event number, NEVER_NS for MISSING."""
        return self._times[events]

    def names(self, column: str) -> pd.Index[Any]:
        """The string behind each code of a column."""
        if column == "uuid":
            return self._uuids[1]
        return self._users if column in {"user", "reader"} else self.frame[column].cat.categories

    def code(self, column: str, name: str) -> int:
        """The code of a name, MISSING if no event bears it."""
        return int(self.names(column).get_indexer(pd.Index([name]))[0])

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What `once` keeps."""
        return {}

    @cached_property
    def _times(self) -> Integers:
        return np.append(self.frame["t_ns"].to_numpy(), NEVER_NS)

    @cached_property
    def _users(self) -> pd.Index[Any]:
        users = self.frame["user"].cat.categories
        return users.append(self.frame["reader"].cat.categories.difference(users))

    @cached_property
    def _uuids(self) -> tuple[NDArray[np.integer[Any]], pd.Index[Any]]:
        uuids = self.frame["uuid"]
        if isinstance(uuids.dtype, pd.CategoricalDtype):
            return uuids.cat.codes.to_numpy(), uuids.cat.categories
        codes, names = pd.factorize(uuids)
        return codes, pd.Index(names)
