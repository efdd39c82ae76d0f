"""Three engines on one pipeline: the same departures, and those of theory."""

from __future__ import annotations

import numpy as np
import pytest

from sim.fast.pipeline import LOADS, by_ciw, by_recursion, by_simpy, pipeline, side_by_side


def test_simpy_says_the_same_to_the_bit() -> None:
    line = pipeline(3_000, seed=2)
    assert (by_simpy(line) == by_recursion(line)).all()


def test_ciw_says_the_same() -> None:
    pytest.importorskip("ciw")
    line = pipeline(3_000, seed=2)
    # Ciw takes its services in the order in which they begin, as they were drawn: only sums may round otherwise.
    assert by_ciw(line) == pytest.approx(by_recursion(line), abs=1e-9)


def test_the_tandem_is_a_jackson_network() -> None:
    line = pipeline(2_000_000, seed=5)
    sojourn_s = by_recursion(line) - np.cumsum(line.gaps_s)
    assert float(sojourn_s.mean()) == pytest.approx(sum(load / (1 - load) for load in LOADS), rel=0.03)


def test_side_by_side_each_has_a_speed_and_no_difference() -> None:
    found = side_by_side(pipeline(300, seed=1))
    assert {"fast", "simpy"} <= set(found)
    assert all(one.messages_per_s > 0 and one.max_abs_diff_s < 1e-9 for one in found.values())
