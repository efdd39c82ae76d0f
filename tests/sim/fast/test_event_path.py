"""The compiled path equals the same path event by event: every arrival at every stage, to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.fast.event_path import compare_engines
from sim.fast.layout import Layout
from sim.fast.production import production
from sim.fast.source import course_of
from sim.fast.steps import Times
from tests.sim.fast.worlds import small_job, small_layout, small_scenario

DESIGNS = {
    "hardened": (small_layout(), production(small_scenario())),
    "linger": (small_layout(), production(small_scenario(design__linger="5ms"))),
    "lightweight transactions": (
        small_layout(300.0),
        production(small_scenario(design__preset="seed", design__dedup="lwt")),
    ),
    "viral group": (small_layout(hot_share=0.1, hot_recipients=40), production(small_scenario())),
    "viral group beyond its worker": (small_layout(hot_share=0.5, hot_recipients=80), production(small_scenario())),
    "overloaded partition": (small_layout(partitions=np.array([9.0, 1.0, 1.0])), production(small_scenario())),
}


@pytest.mark.parametrize(("layout", "times"), DESIGNS.values(), ids=DESIGNS)
def test_every_time_equals_that_of_simpy_to_the_bit(layout: Layout, times: Times) -> None:
    agreement = compare_engines(small_job(layout, times))
    assert agreement.largest_s == 0.0
    assert agreement.messages > 300
    assert agreement.compared > 10 * agreement.messages


def test_the_same_holds_when_the_rate_changes() -> None:
    burst = course_of(lambda t_s: 3.0 if 0.7 < t_s < 0.9 else 1.0, 1.5, steps=15)
    job = replace(small_job(), course=burst, reads=burst)
    agreement = compare_engines(job)
    assert agreement.largest_s == 0.0
    assert agreement.messages == pytest.approx(600 * (1.5 + 2 * 0.2), rel=0.1)
