"""A box with one of each server does what it did: what is added for clusters leaves every event as it was, to the byte.

The costs are the test's own, so that only a change of behaviour changes the digests. Who changes it on purpose prints
the new ones by running the test.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.engine import BOX, simulate
from sim.engine.profile import DELAYS, PROBABILITIES, Delay, Profile
from tests.sim.engine.faulty import chatter, fault, faulty

KNOTS_S = (0.0001, 0.0005, 0.002, 0.02)


def plain() -> Profile:
    """Every operation takes 50 µs of CPU, every hop the same skewed delay."""
    cpu = {key: replace(figure, value=50e-6, low=None, high=None) for key, figure in BOX.cpu.items()}
    idle = {key: replace(figure, value=0.01, low=None, high=None) for key, figure in BOX.background.items()}
    quantiles_s = np.interp(PROBABILITIES, (0.0, 0.5, 0.9, 1.0), KNOTS_S)
    delay = Delay(tuple(float(value) for value in quantiles_s), "assumed", "for this test")
    return replace(BOX, cores=2, cpu=cpu, background=idle, delays=dict.fromkeys(DELAYS, delay))


def digest(*faults: dict[str, Any], **design: Any) -> str:
    """Of every event but the settings."""
    history = simulate(faulty(*faults, **design), chatter(end_s=8, duration_s=20), plain())
    rows = history.frame[history.frame["kind"] != "config"]
    return hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("faults", "design", "expected"),
    [
        ((), {"preset": "seed"}, "e9f67bffd7f65422"),
        ((), {"partition_key": "random", "linger": "5ms"}, "ea87ba99211e2863"),
        ((fault("kill", "gateway-1", 4, 3), fault("pause", "kafka", 6, 11)), {}, "06473aad76441d46"),
        (
            (fault("pause", "worker-1", 3, 11), fault("partition", "cassandra", 5, 11)),
            {"preset": "seed"},
            "00129e30817e0443",
        ),
        ((fault("kill", "redis", 4, 2), fault("slow", "cassandra", 3, 4, by=0.05)), {}, "ab32986f12cf0e94"),
    ],
    ids=["seed", "random keys", "gateway and log", "worker and store", "registry"],
)
def test_its_history_is_what_it_was(faults: tuple[dict[str, Any], ...], design: dict[str, Any], expected: str) -> None:
    assert digest(*faults, **design) == expected
