"""Closed forms of the distributions that the plan meets, by `math.erf` alone."""

from __future__ import annotations

import math

Z99 = 2.3263478740408408  # Φ(Z99) = 0.99


def mean_whole_log_normal(median: float, sigma: float, low: int, high: int) -> float:
    """Mean of the whole part of a log-normal, where below `low` counts as `low` and above `high` as `high`.

    The sum of its tail: low + Σ P(X ≥ k) for k = low + 1 … high, with P(X ≥ k) = Φ(ln(median ÷ k) ÷ σ); the far part
    of the sum is the integral from half a step before to half a step behind, which it meets within 1e-6.
    """
    if sigma == 0:
        return float(min(max(math.floor(median), low), high))
    near = min(high, max(low, 256))
    summed = math.fsum(_phi(math.log(median / k) / sigma) for k in range(low + 1, near + 1))
    return low + summed + (_tail_area(median, sigma, near + 0.5, high + 0.5) if high > near else 0.0)


def _tail_area(median: float, sigma: float, start: float, end: float) -> float:
    """∫ P(X ≥ x) dx, by parts: [x·P(X ≥ x)] + ∫ x·f(x) dx."""

    def at(x: float) -> float:
        z = math.log(x / median) / sigma
        return x * _phi(-z) + median * math.exp(sigma**2 / 2) * _phi(z - sigma)

    return at(end) - at(start)


def log_normal_sum_p99(hops: list[tuple[float, float]]) -> float:
    """The 99th percentile of a sum of independent log-normals, each given as (median, p99).

    Fenton and Wilkinson's approximation (IRE Trans. Comm. Systems 8, 1960): a log-normal with the
    mean and the variance of the sum. A hop with a median of 0 takes no time.
    """
    mean = variance = 0.0
    for median, p99 in (hop for hop in hops if hop[0] > 0):
        sigma = math.log(p99 / median) / Z99
        hop_mean = median * math.exp(sigma**2 / 2)
        mean += hop_mean
        variance += hop_mean**2 * math.expm1(sigma**2)
    sigma = math.sqrt(math.log1p(variance / mean**2))
    return mean * math.exp(Z99 * sigma - sigma**2 / 2)


def mm1_wait(share: float, service_s: float, load: float) -> float:
    """The waiting time, in seconds, that this share of arrivals at an M/M/1 queue does not exceed.

    P(W > t) = ρ·e^(−(1−ρ)t/s) (Kleinrock, Queueing Systems I, 1975, section 5.12).
    """
    return max(0.0, math.log(load / (1 - share)) * service_s / (1 - load))


def _phi(z: float) -> float:
    return (1 + math.erf(z / math.sqrt(2))) / 2
