"""Gaps between one person's messages, on the clock of the traffic: a stationary renewal process from any moment on.

    burstiness 0      exponential gaps: a Poisson process
    burstiness B > 0  log-normal gaps of coefficient of variation (1 + B) / (1 − B)

B is that of Goh and Barabási (EPL 81, 2008). People are bursty: gaps have heavy tails, for which a log-normal
fits as well as a power law and keeps a mean, which P(t) ~ t^-1.8 does not (arXiv:1607.02952, arXiv:0802.2577).
A gap met at a random moment is length-biased and a uniform part of it is left, as in `sessions`: so the expected
number of messages is rate × time however short the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from numpy.random import Generator

_NEVER_PER_S = 1e-12


def gaps_s(rng: Generator, rate_per_s: float, burstiness: float) -> Iterator[float]:
    """Gaps without end: to the first message, then from each to the next, with mean 1 / `rate_per_s`.

    None at all for who would write once in 30,000 years: the gaps of such rates have no numbers any more.
    """
    if rate_per_s < _NEVER_PER_S:
        return
    if burstiness == 0:
        while True:
            yield rng.exponential(1 / rate_per_s)
    variance = log_gap_variance(burstiness)
    mu, sigma = -math.log(rate_per_s) - variance / 2, math.sqrt(variance)
    yield rng.random() * rng.lognormal(mu + variance, sigma)
    while True:
        yield rng.lognormal(mu, sigma)


def log_gap_variance(burstiness: float) -> float:
    """Variance of ln(gap) for which the gaps have that burstiness."""
    variation = (1 + burstiness) / (1 - burstiness)
    return math.log1p(variation**2)
