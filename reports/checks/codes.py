"""Integers that stand for what a history holds: codes of names, event numbers, times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MISSING = -1
NEVER_NS = np.iinfo(np.int64).max

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
