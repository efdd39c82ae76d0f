"""Does a series rise? By the order of its values alone, so that no outlier decides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Trend(NamedTuple):
    """Median slope of all pairs (Theil and Sen) and the z of the rise (Mann and Kendall): 2.3 is one-sided 1 %."""

    slope: float
    z: float


def trend(t: NDArray[np.float64], values: NDArray[np.float64]) -> Trend:
    """The trend of at least 8 values over ascending times. Raises ValueError for fewer."""
    count = values.size
    if count < 8:
        raise ValueError(f"{count} values are too few for a trend, at least 8 are needed")
    first, second = np.triu_indices(count, k=1)
    rises = values[second] - values[first]
    spread = np.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    z = (np.sign(rises).sum() - 1) / spread
    return Trend(float(np.median(rises / (t[second] - t[first]))), float(z))
