"""Integers that stand for what a history holds: codes of names, event numbers, times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MISSING = -1
NEVER_NS = np.iinfo(np.int64).max

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def firsts(index: pd.Index[Any]) -> tuple[pd.Index[Any], Flags]:
    """The index without repetitions, and where they are not; one without any stays, for it has been hashed by then."""
    first = ~index.duplicated()
    return (index if first.all() else index[first]), first
