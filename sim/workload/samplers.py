"""The distributions of a chat workload, each bounded as real ones are.

text length     log-normal letters, median 17, mean 33 (process-one.net), 1 to 4,096
group size      log-normal members, 3 to the cap
popularity      Zipf: the k-th conversation weighs k^-exponent
activity        log-normal of mean 1
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GROUP_SIZE_MIN = 3
TEXT_BYTES_MAX = 4096


def text_size_bytes(rng: Generator, mu: float, sigma: float) -> int:
    """Length of one text: log-normal letters of one byte each, rounded, from 1 to 4,096."""
    return max(1, min(TEXT_BYTES_MAX, round(rng.lognormal(mu, sigma))))


def zipf_weights(count: int, exponent: float) -> FloatArray:
    """Weights k^-exponent of ranks k = 1 … count, with sum 1."""
    weights: FloatArray = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return weights / float(weights.sum())


def activities(rng: Generator, count: int, sigma: float) -> FloatArray:
    """How much each of `count` people does, log-normal with expectation 1."""
    return rng.lognormal(-(sigma**2) / 2, sigma, count)


def group_sizes(rng: Generator, count: int, median: float, sigma: float, cap: int) -> IntArray:
    """Members of `count` groups: whole part of a log-normal, at least 3 and at most `cap`."""
    # The addend keeps exp(log 8) at 8.
    drawn = np.floor(rng.lognormal(math.log(median), sigma, count) + 1e-9)
    return np.clip(drawn, GROUP_SIZE_MIN, cap).astype(np.int64)


def mean_group_size(median: float, sigma: float, cap: int) -> float:
    """Expectation of `group_sizes`, as the sum of its tail: 3 + Σ P(X ≥ k) for k = 4 … cap."""
    ks = range(GROUP_SIZE_MIN + 1, cap + 1)
    if sigma == 0:
        return GROUP_SIZE_MIN + float(sum(median >= k for k in ks))
    log_size = NormalDist(math.log(median), sigma)
    return GROUP_SIZE_MIN + math.fsum(1 - log_size.cdf(math.log(k)) for k in ks)
