"""Statistics of samples that follow each other in time, with an interval that respects it.

    run     |----|----|----|----|   20 blocks of equal time
    draw    a multinomial number of copies of every block, 400 times
    interval  2.5 % to 97.5 % of the statistic over the draws

Latencies of neighbours are alike (one burst delays them all), so an interval from independent samples would be several
times too narrow. Whole blocks are drawn instead: Künsch, "The jackknife and the bootstrap for general stationary
observations" (1989), with blocks that do not overlap. A draw is a weight for every sample, so samples are sorted once.

A percentile is the smallest sample that at least that share of the samples does not exceed (nearest rank): it was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
STATISTICS = ("mean", *QUANTILES, "max")
# Fewest samples that bound a percentile from above with 95 % confidence: q**n ≤ 5 % (Wilks 1941); a rule of thumb for
# the mean.
ENOUGH = {"mean": 30, "p50": 5, "p95": 59, "p99": 299, "p999": 2995, "max": 1}
BLOCKS = 20
_DRAWS = 400
_SEED = 20_260_101

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic (seconds) and its 95 % interval; no interval where none can be given, as for a maximum."""

    value_s: float
    low_s: float | None = None
    high_s: float | None = None


def describe(values: Floats) -> dict[str, float]:
    """Every statistic of `values`, by name. Empty without samples."""
    if values.size == 0:
        return {}
    ordered = np.sort(values)
    ranks = {name: ordered[rank(share, ordered.size)] for name, share in QUANTILES.items()}
    return {"mean": float(ordered.mean()), **{name: float(x) for name, x in ranks.items()}, "max": float(ordered[-1])}


def estimate(values: Floats, blocks: Integers) -> dict[str, Estimate]:
    """Every statistic with its interval. `blocks` holds the number of the time block of each value."""
    found = describe(values)
    if not found:
        return {}
    drawn = _drawn_statistics(values, blocks)
    lows, highs = (np.quantile(drawn, q, axis=0) for q in (0.025, 0.975)) if len(drawn) else (None, None)
    if lows is None or highs is None:
        return {name: Estimate(value) for name, value in found.items()}
    intervals = dict(zip(("mean", *QUANTILES), zip(lows.tolist(), highs.tolist(), strict=True), strict=True))
    return {name: Estimate(value, *intervals.get(name, (None, None))) for name, value in found.items()}


def time_blocks(t_s: Floats, start_s: float, end_s: float) -> Integers:
    """The block, 0 to BLOCKS − 1, that each time falls in."""
    share = (t_s - start_s) / max(end_s - start_s, 1e-9)
    return np.clip((share * BLOCKS).astype(np.int64), 0, BLOCKS - 1)


def rank(share: float, size: int) -> int:
    """Place, from 0, of the smallest of `size` ordered samples that at least that share does not exceed."""
    return max(int(np.ceil(share * size - 1e-9)) - 1, 0)


def _drawn_statistics(values: Floats, blocks: Integers) -> NDArray[Any]:
    """Mean and quantiles of every draw, shape (draws, 1 + quantiles); no rows when one block holds everything."""
    order = np.argsort(values, kind="stable")
    ordered, (present, member) = values[order], np.unique(blocks[order], return_inverse=True)
    if present.size < 2:
        return np.empty((0, 1 + len(QUANTILES)))
    rng = np.random.default_rng(_SEED)
    draws = rng.multinomial(present.size, np.full(present.size, 1 / present.size), size=_DRAWS)
    shares = np.array(list(QUANTILES.values()))
    rows = np.empty((_DRAWS, 1 + len(QUANTILES)))
    for row, copies in zip(rows, draws, strict=True):
        weights = copies[member]
        reached = weights.cumsum()
        row[0] = (weights * ordered).sum() / reached[-1]
        row[1:] = ordered[np.searchsorted(reached, shares * reached[-1] - 1e-9)]
    return rows
