"""A Profile: what each operation costs on one box. CPU seconds, idle shares, delays without CPU, each with its origin.

    cpu         "gateway.send" → CPU seconds of one operation of one kind of process
    background  "cassandra"    → share of a core that the process takes while nothing happens
    delays      "rpc"          → quantiles of what a hop takes beyond CPU work and queues (network, wake-ups, timers)

Processes are driver, gateway, worker, media, kafka, cassandra and redis. The hops are those of `sim.hops`, and
`ack`: from the log back to the gateway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from sim.errors import UsageError
from sim.provenance import Mark, Parameter

PROCESSES = ("driver", "gateway", "worker", "media", "kafka", "cassandra", "redis")
DELAYS = ("lag", "uplink", "log", "queue", "store", "route", "rpc", "downlink", "ack")
# Where the quantiles of a delay are known; linear in between.
PROBABILITIES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class Delay:
    """An empirical distribution: seconds at `PROBABILITIES`, ascending and not negative, and where they come from."""

    quantiles_s: tuple[float, ...]
    mark: Mark
    source: str

    def __post_init__(self) -> None:
        if len(self.quantiles_s) != len(PROBABILITIES):
            raise ValueError(f"a delay has {len(PROBABILITIES)} quantiles, this has {len(self.quantiles_s)}")
        if self.quantiles_s[0] < 0 or any(b < a for a, b in pairwise(self.quantiles_s)):
            raise ValueError(f"quantiles must ascend from 0 or more: {self.quantiles_s}")

    @property
    def mean_s(self) -> float:
        """Mean of the piecewise linear distribution."""
        return float(np.trapezoid(self.quantiles_s, PROBABILITIES))

    def draw(self, rng: np.random.Generator, count: int) -> list[float]:
        """`count` values in seconds by inverse transform."""
        return [float(value) for value in np.interp(rng.random(count), PROBABILITIES, self.quantiles_s)]


@dataclass(frozen=True, slots=True)
class Profile:
    """The costs of the picture above on a box of `cores`; `threads` are those of the JVMs."""

    name: str
    cores: int
    threads: Mapping[str, int]
    cpu: Mapping[str, Parameter]
    background: Mapping[str, Parameter]
    delays: Mapping[str, Delay]
    version: Literal[1] = 1

    def cpu_s(self, operation: str) -> float:
        """CPU seconds of an operation such as `gateway.send`. Raises UsageError for one that is not in the profile."""
        if operation not in self.cpu:
            raise UsageError(
                f"profile {self.name!r} has no cost of {operation!r}; it has {', '.join(sorted(self.cpu))}"
            )
        return self.cpu[operation].value

    def scaled(self, factors: Mapping[str, float]) -> Profile:
        """Every operation of a kind of process takes `factor` times the CPU; for what-ifs and for tests."""
        cpu = {key: _times(figure, factors.get(key.partition(".")[0], 1.0)) for key, figure in self.cpu.items()}
        return replace(self, cpu=cpu)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_bytes(_adapter.dump_json(self, indent=2))

    @classmethod
    def load(cls, path: Path) -> Profile:
        """Read what `save` wrote. Raises UsageError when it is something else."""
        try:
            return _adapter.validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise UsageError(f"{path} is not a profile: {error}") from error


def _times(figure: Parameter, factor: float) -> Parameter:
    low, high = (None if bound is None else bound * factor for bound in (figure.low, figure.high))
    return replace(figure, value=figure.value * factor, low=low, high=high)


_adapter = TypeAdapter(Profile)
